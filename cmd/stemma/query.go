package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
)

type queryCommand struct {
	dataDir
	serverURL
	Variables string `help:"Variables, as a JSON object, or @FILE to read one." placeholder:"JSON"`
	Operation string `help:"Which operation of the document, if there are several." placeholder:"NAME"`
	Output    string `help:"How the answer is printed: json, or table." enum:"json,table" default:"json"`
	File      string `arg:"" help:"The GraphQL document; - is standard input."`
}

// AfterApply is called by the parser of the command line.
func (c *queryCommand) AfterApply(ctx *kong.Context) error {
	return chooseStore(ctx, &c.dataDir, &c.serverURL)
}

// A question is the body of a GraphQL request.
type question struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
}

// Run prints the answer. Errors in it are a no, even when there is data beside them.
func (c *queryCommand) Run(ctx context.Context, h *host) error {
	q, err := c.question(h)
	if err != nil {
		return err
	}
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	ask := c.askStore
	if c.URL != "" {
		ask = c.askServer
	}
	text, err := ask(ctx, h, body)
	if err != nil {
		return err
	}
	return printAnswer(h, text, c.Output)
}

func (c *queryCommand) question(h *host) (question, error) {
	q := question{OperationName: c.Operation}
	var b []byte
	var err error
	if c.File == "-" {
		b, err = io.ReadAll(h.stdin)
	} else {
		b, err = os.ReadFile(c.File)
	}
	if err != nil {
		return q, fmt.Errorf("read the document: %w; name a file with a GraphQL document, or - for standard input", err)
	}
	q.Query = string(b)
	if c.Variables == "" {
		return q, nil
	}
	text := []byte(c.Variables)
	if path, ok := strings.CutPrefix(c.Variables, "@"); ok {
		if text, err = os.ReadFile(path); err != nil {
			return q, fmt.Errorf("--variables: %w", err)
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return q, fmt.Errorf(`--variables: want a JSON object, such as '{"id": "DOID:0050852"}', or @FILE: %w`, err)
	}
	if object == nil {
		return q, errors.New("--variables: want a JSON object, not null")
	}
	q.Variables = text
	return q, nil
}

// askStore answers from a directory, by the same endpoint that a server has. Nobody else waits for it, so nothing is too dear.
func (c *queryCommand) askStore(ctx context.Context, h *host, body []byte) (answer []byte, err error) {
	dir, err := c.dir()
	if err != nil {
		return nil, err
	}
	s, err := openForReading(h, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	e, err := graph.New(graph.Options{
		Store: s, Version: programVersion(), Now: h.now, Log: slog.New(slog.NewTextHandler(h.stderr, nil)), Budget: math.MaxInt64,
		Writer: func(context.Context) graph.Writer {
			return graph.Writer{Code: graph.ReadOnly, Why: "`stemma query --data` only reads: write to a server, with --url and --token"}
		},
		Endpoint: endpoint.Options{Limits: endpoint.Limits{MaxCost: -1, Timeout: -1, MaxBodyBytes: -1, MaxTokens: -1, MaxAliases: -1, MaxRootFields: -1}},
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	var w answerWriter
	e.ServeHTTP(&w, r)
	return w.body.Bytes(), nil
}

// An answerWriter keeps an answer in memory.
type answerWriter struct {
	header http.Header
	body   bytes.Buffer
}

func (w *answerWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}
func (w *answerWriter) WriteHeader(int)             {}
func (w *answerWriter) Write(b []byte) (int, error) { return w.body.Write(b) }

func (c *queryCommand) askServer(ctx context.Context, _ *host, body []byte) ([]byte, error) {
	at, err := c.at("/graphql")
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	c.authorize(r)
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w; is it running there?", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("the answer of %s was cut short: %w", at, err)
	}
	if !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return nil, fmt.Errorf("%s answered %s, and not as GraphQL does: %s", at, resp.Status, firstLine(bytes.NewReader(b)))
	}
	return b, nil
}

// printAnswer prints an answer to standard output, and its errors to standard error.
func printAnswer(h *host, text []byte, output string) error {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string `json:"message"`
			Path       []any  `json:"path"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("the answer is no GraphQL response: %w", err)
	}
	if output == "table" {
		if len(answer.Data) > 0 && string(answer.Data) != "null" {
			if err := writeTable(h.stdout, answer.Data); err != nil {
				return fmt.Errorf("print the table: %w", err)
			}
		}
	} else {
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", "  "); err != nil {
			return fmt.Errorf("the answer is no GraphQL response: %w", err)
		}
		b.WriteByte('\n')
		if _, err := h.stdout.Write(b.Bytes()); err != nil {
			return fmt.Errorf("print the answer: %w", err)
		}
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	errs := make([]error, len(answer.Errors))
	for i, e := range answer.Errors {
		where := ""
		for _, p := range e.Path {
			where += fmt.Sprintf("%v: ", p)
		}
		errs[i] = fmt.Errorf("%s%s (%s)", where, e.Message, e.Extensions.Code)
	}
	return no{errors.Join(errs...)}
}
