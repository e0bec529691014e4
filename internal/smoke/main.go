package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage/memory"
)

func main() {
	s := memory.Open()
	rev, err := seed.Apply(context.Background(), s)
	fmt.Println(rev, err)
	e, err := graph.New(graph.Options{Store: s, Version: "dev", Writer: func(context.Context) graph.Writer { return graph.Writer{Name: "anna", Writable: true} }})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/graphql", e)
	log.Fatal(http.ListenAndServe("127.0.0.1:8099", nil))
}
