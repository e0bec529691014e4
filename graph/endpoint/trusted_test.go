package endpoint_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/graph/endpoint/internal/testschema"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func trusted(t *testing.T, text string) (*endpoint.TrustedDocuments, string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "documents.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := endpoint.ReadTrusted(file)
	return list, file, err
}

const (
	greet = `query Greet($n:String){hello(name:$n)}`
	count = `subscription Count{count(to:1)}`
	add   = `mutation Add{add(n:1)}`
)

func TestTrustedDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"relay": fmt.Sprintf(`{"3be4abb81fa595e25eb725b2c6a87508":%q,%q:%q,"sha256:%s":%q}`, greet, sha(count), count, sha(add), add),
		"apollo": fmt.Sprintf("\ufeff"+`{"format":"apollo-persisted-query-manifest","version":1,"operations":[
			{"id":"3be4abb81fa595e25eb725b2c6a87508","name":"Greet","type":"query","body":%q},
			{"id":%q,"name":"Count","type":"subscription","body":%q},
			{"id":%q,"name":"Add","type":"mutation","body":%q,"clientName":"ios"}]}`, greet, strings.ToUpper(sha(count)), count, sha(add), add),
	} {
		list, _, err := trusted(t, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at, _ := serve(t, endpoint.Options{Trusted: list})
		const variables = `"variables":{"n":"you"}`
		for _, c := range []struct {
			name, method, query, body string
			status                    int
			code, contains            string
		}{
			{"by its text", "POST", "", `{"query":"` + greet + `",` + variables + `}`, 200, "", "hello, you"},
			{"by its id", "POST", "", `{"documentId":"3be4abb81fa595e25eb725b2c6a87508",` + variables + `}`, 200, "", "hello, you"},
			{"by its id, where Apollo has it", "POST", "", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"3be4abb81fa595e25eb725b2c6a87508"}},` + variables + `}`, 200, "", "hello, you"},
			{"by its hash", "POST", "", `{"documentId":"sha256:` + sha(greet) + `",` + variables + `}`, 200, "", "hello, you"},
			{"by its hash, where Apollo has it", "POST", "", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + sha(greet) + `"}},` + variables + `}`, 200, "", "hello, you"},
			{"by GET", "GET", "documentId=sha256:" + sha(greet) + "&variables=" + url.QueryEscape(`{"n":"you"}`), "", 200, "", "hello, you"},
			{"a mutation", "POST", "", `{"documentId":"sha256:` + sha(add) + `"}`, 200, "", `"add":2`},
			{"a mutation by GET", "GET", "documentId=sha256:" + sha(add), "", 405, "BAD_REQUEST", ""},
			{"id and text", "POST", "", `{"documentId":"` + sha(greet) + `","query":"` + greet + `",` + variables + `}`, 200, "", "hello, you"},
			{"id and another text", "POST", "", `{"documentId":"` + sha(greet) + `","query":"{hello}"}`, 400, "DOCUMENT_NOT_TRUSTED", "one of the two"},
			{"two ids", "POST", "", `{"documentId":"` + sha(greet) + `","extensions":{"persistedQuery":{"sha256Hash":"` + sha(add) + `"}}}`, 400, "BAD_REQUEST", "two documents"},
			{"another text", "POST", "", `{"query":"{hello}"}`, 400, "DOCUMENT_NOT_TRUSTED", "on its list"},
			{"the same with one space more", "POST", "", `{"query":"` + greet + ` "}`, 400, "DOCUMENT_NOT_TRUSTED", ""},
			{"what does not parse", "POST", "", `{"query":"{"}`, 400, "DOCUMENT_NOT_TRUSTED", ""},
			{"introspection", "POST", "", `{"query":"{__schema{types{name}}}"}`, 400, "DOCUMENT_NOT_TRUSTED", ""},
			{"another id", "POST", "", `{"documentId":"x"}`, 400, "DOCUMENT_NOT_TRUSTED", ""},
			{"another hash", "GET", "documentId=sha256:" + sha("{hello}"), "", 400, "DOCUMENT_NOT_TRUSTED", ""},
			{"nothing", "POST", "", `{}`, 400, "BAD_REQUEST", "documentId"},
			{"an id that is none", "POST", "", `{"documentId":1}`, 400, "BAD_REQUEST", "documentId"},
		} {
			got := do(t, request(t, c.method, at+"/?"+c.query, c.body))
			if got.status != c.status || got.code() != c.code || !strings.Contains(got.body, c.contains) {
				t.Errorf("%s, %s: %d %q %s", name, c.name, got.status, got.code(), got.body)
			}
		}
		conn := dial(t, at, nil)
		receive(t, conn)
		send(t, conn, wsMessage{ID: "1", Type: "subscribe", Payload: map[string]any{"documentId": sha(count)}})
		if m := receive(t, conn); m.Type != "next" {
			t.Errorf("%s: %+v", name, m)
		}
		if m := receive(t, conn); m.Type != "complete" {
			t.Errorf("%s: %+v", name, m)
		}
		send(t, conn, subscribe("2", "{hello}"))
		if m := receive(t, conn); m.Type != "error" || !strings.Contains(fmt.Sprint(m.Payload), "DOCUMENT_NOT_TRUSTED") {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// A list that is not what it should be is refused at the start, by file and document.
func TestTrustedDocumentsAreChecked(t *testing.T) {
	manifest := func(operations string) string {
		return `{"format":"apollo-persisted-query-manifest","version":1,"operations":[` + operations + `]}`
	}
	for _, c := range []struct {
		name, text string
		says       []string
	}{
		{"no JSON", `{"a":`, []string{"no JSON"}},
		{"not UTF-8", "{\"a\":\"{hello}\xff\"}", []string{"UTF-8"}},
		{"an array", `["{hello}"]`, []string{"JSON object of id and text"}},
		{"nothing", `{}`, []string{"there are none"}},
		{"no operations", manifest(""), []string{"there are none"}},
		{"numbers", `{"a":1}`, []string{`"a"`, "has no text"}},
		{"no text", `{"a":" "}`, []string{`"a"`, "has no text"}},
		{"another format", `{"format":"x","version":1,"operations":[]}`, []string{`"x"`, "apollo-persisted-query-manifest"}},
		{"another version", `{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}`, []string{"version 2"}},
		{"no id", manifest(`{"name":"Hi","body":"{hello}"}`), []string{"(Hi)", "no id"}},
		{"twice", `{"a":"{hello}","b":"{hello}","a":"{__typename}"}`, []string{`"a"`, "twice"}},
		{"twice in a manifest", manifest(`{"id":"a","name":"One","body":"{hello}"},{"id":"a","name":"Two","body":"{hello}"}`), []string{`"a" (Two)`, "twice"}},
		{"twice, in two spellings", `{"` + sha("{hello}") + `":"{hello}","sha256:` + sha("{hello}") + `":"{hello}"}`, []string{"twice"}},
		{"another's hash", manifest(`{"id":"` + sha("{hello}") + `","name":"Hi","body":"{hello }"}`), []string{sha("{hello}"), "(Hi)", sha("{hello }")}},
		{"no such field", "{\"a\":\"query Hi{\\n helo}\"}", []string{`"a" (Hi)`, "line 2, column 2", "helo"}},
		{"a syntax error", manifest(`{"id":"a","name":"Hi","body":"{"}`), []string{`"a" (Hi)`, "Syntax error"}},
		{"beyond a limit", `{"a":"{` + repeat(101, "a%d:hello ") + `}"}`, []string{`"a"`, "aliases"}},
	} {
		list, file, err := trusted(t, c.text)
		if err == nil {
			_, err = endpoint.New(testschema.New(), endpoint.Options{Trusted: list})
		}
		if err == nil {
			t.Errorf("%s is taken", c.name)
			continue
		}
		for _, want := range append(c.says, file) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: it does not say %q: %v", c.name, want, err)
			}
		}
	}
	if _, err := endpoint.ReadTrusted(filepath.Join(t.TempDir(), "missing")); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a file that is not there: %v", err)
	}
}
