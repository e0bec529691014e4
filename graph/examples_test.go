package graph_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	inExamples = regexp.MustCompile("(?s)document: `(.*?)`")
	inMarkdown = regexp.MustCompile("(?s)```graphql\n(.*?)```")
)

// Every query that we show to people runs, and finds something: GraphiQL's examples, the README, the tour.
func TestShownQueriesRun(t *testing.T) {
	n := 0
	for file, find := range map[string]*regexp.Regexp{"../web/src/graphiql/examples.ts": inExamples, "../README.md": inMarkdown, "../docs/tour.md": inMarkdown} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := find.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s shows no query", file)
		}
		for _, m := range found {
			query := strings.TrimSpace(m[1])
			if strings.HasPrefix(query, "subscription") {
				continue // TestChanges has it
			}
			n++
			s := serve(t)
			a := s.as("anna", query, nil)
			if len(a.Errors) > 0 {
				t.Errorf("%s:\n%s\n%+v", file, query, a.Errors)
				continue
			}
			empty := 0
			for _, v := range a.Data {
				nulls(v, "", func(path string) {
					if path == "" || path == ".nodes" || path == ".edges" {
						empty++
					}
				})
			}
			if empty > 0 {
				t.Errorf("%s: finds nothing:\n%s\n%v", file, query, a.Data)
			}
		}
	}
	if n < 12 {
		t.Errorf("only %d queries were found", n)
	}
}
