package endpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// TrustedDocuments are a list of documents, each with the id by which clients ask for it.
type TrustedDocuments struct {
	file string
	list []trustedDocument
}

type trustedDocument struct{ id, name, text string }

// manifestFormat is what Apollo's tools write, in its only version.
const manifestFormat = "apollo-persisted-query-manifest"

// ReadTrusted reads the list that a client's build has written: a JSON object of id and text, as the Relay compiler writes it, or
// a manifest of Apollo's tools. An id that looks like a SHA-256 must be that of the text. It fails if an id comes twice.
func ReadTrusted(file string) (*TrustedDocuments, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the trusted documents: %w", err)
	}
	t := &TrustedDocuments{file: file}
	if err := t.parse(text); err != nil {
		return nil, fmt.Errorf("trusted documents in %s: %w", file, err)
	}
	return t, nil
}

func (t *TrustedDocuments) parse(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	members, err := objectMembers(text)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	for _, m := range members {
		if m.key == "operations" && bytes.HasPrefix(m.value, []byte("[")) {
			raw = m.value
		}
	}
	if raw != nil {
		err = t.parseManifest(text)
	} else {
		for _, m := range members {
			d := trustedDocument{id: m.key}
			if err := json.Unmarshal(m.value, &d.text); err != nil {
				return fmt.Errorf("the id %q has no text: want a JSON object of id and text, or a manifest of the format %s", m.key, manifestFormat)
			}
			t.list = append(t.list, d)
		}
	}
	if err != nil {
		return err
	}
	if len(t.list) == 0 {
		return errors.New("there are none, so nothing would be answered")
	}
	return t.check()
}

func (t *TrustedDocuments) parseManifest(text []byte) error {
	var m struct {
		Format     string
		Version    int
		Operations []struct{ ID, Name, Body string }
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("it is no manifest: %w", err)
	}
	if m.Format != manifestFormat || m.Version != 1 {
		return fmt.Errorf("it is a manifest of the format %q, version %d: want %q, version 1", m.Format, m.Version, manifestFormat)
	}
	for _, o := range m.Operations {
		t.list = append(t.list, trustedDocument{id: o.ID, name: o.Name, text: o.Body})
	}
	return nil
}

// check refuses ids that are missing, come twice, or are another text's.
func (t *TrustedDocuments) check() error {
	seen := map[string]bool{}
	for i, d := range t.list {
		switch {
		case d.id == "":
			return fmt.Errorf("document %d%s has no id", i+1, named(d.name))
		case seen[normalID(d.id)]:
			return fmt.Errorf("the id %q%s comes twice", d.id, named(d.name))
		case strings.TrimSpace(d.text) == "":
			return fmt.Errorf("the document %q%s has no text", d.id, named(d.name))
		}
		seen[normalID(d.id)] = true
		if hash, ok := hashID(d.id); ok && hash != hashOf(d.text) {
			return fmt.Errorf("the document %q%s is not the one it was: the SHA-256 of its text is %s; write the list anew", d.id, named(d.name), hashOf(d.text))
		}
	}
	return nil
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return " (" + cut(name, maxName) + ")"
}

// A member is one of a JSON object.
type member struct {
	key   string
	value json.RawMessage
}

// objectMembers reads a JSON object in its order, with what comes twice.
func objectMembers(text []byte) ([]member, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("want a JSON object of id and text, or a manifest of the format %s", manifestFormat)
	}
	var list []member
	for d.More() {
		var m member
		key, err := d.Token()
		if err == nil {
			err = d.Decode(&m.value)
		}
		if err != nil {
			return nil, err
		}
		m.key, _ = key.(string)
		list = append(list, m)
	}
	return list, nil
}

// hashPrefix begins a document id that is a SHA-256, by the appendix of GraphQL over HTTP on persisted documents.
const hashPrefix = "sha256:"

// hashID returns the SHA-256, in lower case, that an id is, if it is one.
func hashID(id string) (string, bool) {
	hash := strings.ToLower(strings.TrimPrefix(id, hashPrefix))
	b, err := hex.DecodeString(hash)
	return hash, err == nil && len(b) == sha256.Size
}

// normalID is one spelling of an id that has several.
func normalID(id string) string {
	if hash, ok := hashID(id); ok {
		return hash
	}
	return id
}

// trustedDocument returns the document on the list that a request names, or sends whole.
func (e *Endpoint) trustedDocument(id, query string) (*prepared, *gqlerror.Error) {
	if id == "" {
		id = hashOf(query)
	}
	p := e.trusted[normalID(id)]
	switch {
	case p == nil:
		return nil, Errorf(CodeNotTrusted, "this server answers only the documents on its list, and this is none of them: have it listed, or name one that is as documentId or extensions.persistedQuery.sha256Hash")
	case query != "" && query != p.text:
		return nil, Errorf(CodeNotTrusted, "the query is not the document on this server's list that has its id: send one of the two")
	}
	return p, nil
}

// trust prepares the documents of a list, and returns them by their ids and by the SHA-256 of their texts.
func (e *Endpoint) trust(t *TrustedDocuments) (map[string]*prepared, error) {
	by := make(map[string]*prepared, 2*len(t.list))
	for _, d := range t.list {
		p, errs := e.compile(context.Background(), d.text)
		if len(errs) > 0 {
			name := d.name
			if doc, err := parser.ParseQuery(&ast.Source{Input: d.text}); name == "" && err == nil && len(doc.Operations) > 0 {
				name = doc.Operations[0].Name
			}
			return nil, fmt.Errorf("trusted documents in %s: the document %q%s can't be answered: %s", t.file, d.id, named(name), where(errs[0]))
		}
		by[hashOf(d.text)] = p
		by[normalID(d.id)] = p
	}
	return by, nil
}

func where(err *gqlerror.Error) string {
	if len(err.Locations) == 0 {
		return err.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", err.Locations[0].Line, err.Locations[0].Column, err.Message)
}
