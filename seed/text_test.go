package seed_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stemma-kg/stemma/kg"
)

// A copied run is at most so many code points long: less than a sentence, more than the longest terms.
const (
	longestRun        = 44
	longestRunChinese = 15
)

// TestNoSentenceIsStored proves that no text of the seed holds a sentence of a document. Names, titles and citations may.
func TestNoSentenceIsStored(t *testing.T) {
	var all strings.Builder
	for _, f := range documents(t) {
		all.WriteString(strings.Join(strings.Fields(string(f.Data)), " "))
		all.WriteByte('\n')
	}
	text := all.String()
	for _, n := range load(t).Nodes {
		b, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		h := n.Base()
		if _, ok := n.(kg.Statement); ok {
			delete(v, "label") // the text again
		}
		for _, exempt := range []string{"id", "label", "labels", "title", "authors", "journal", "publisher", "url", "document"} {
			delete(v, exempt)
		}
		for _, l := range leaves("", -1, v) {
			if s, ok := l.value.(string); ok {
				if run := copied(s, text); run != "" {
					t.Errorf("%s: %s copies %q", h.ID, l.path, run)
				}
			}
		}
	}
}

// copied returns the first run of s that is too long and stands in text.
func copied(s, text string) string {
	r := []rune(s)
	for i := range r {
		limit := longestRun
		if unicode.Is(unicode.Han, r[i]) {
			limit = longestRunChinese
		}
		if i+limit >= len(r) {
			continue
		}
		if run := string(r[i : i+limit+1]); strings.Contains(text, run) {
			return run
		}
	}
	return ""
}

func TestCopiedFindsCopies(t *testing.T) {
	const text = "It was the best of times, it was the worst of times, it was the age of wisdom."
	if copied("He says it was the worst of times, it was the age of wisdom.", text) == "" {
		t.Error("a copied sentence is not found")
	}
	if run := copied("the best of times", text); run != "" {
		t.Errorf("a few words count as copied: %q", run)
	}
}

// TestNoPatientIsNamed takes the patient's name from the document: it may not stand in the repository, this test included.
func TestNoPatientIsNamed(t *testing.T) {
	m := regexp.MustCompile(`Daily Mail, (\w+) (\w+), a patient`).FindSubmatch(documents(t)["003_95324ff63d36678c.txt"].Data)
	if m == nil {
		t.Fatal("the document does not name its patient where it did")
	}
	for _, page := range append(pages(t), "schema.json", "README.md", "DESIGN.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), string(m[2])) {
			t.Errorf("%s names the patient of document 003", page)
		}
	}
}
