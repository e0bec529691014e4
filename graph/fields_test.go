package graph_test

import (
	"fmt"
	"strings"
	"testing"

	gql "github.com/vektah/gqlparser/v2/ast"

	"github.com/stemma-kg/stemma/kg"
)

// sample makes a value for an input that is accepted and empty nowhere.
func sample(s *gql.Schema, owner, field string, typ *gql.Type) any {
	if typ.Elem != nil {
		return []any{sample(s, owner, field, typ.Elem)}
	}
	def := s.Types[typ.Name()]
	switch def.Kind {
	case gql.Enum:
		return def.EnumValues[0].Name
	case gql.InputObject:
		m := map[string]any{}
		for _, f := range def.Fields {
			// A quantity is a value or a range; a scale is the one that has a range.
			if def.Name == "QuantityInput" {
				isScale := field == "scale"
				if isScale && f.Name == "value" {
					continue
				}
				if !isScale && (f.Name == "low" || f.Name == "high") {
					continue
				}
			}
			// An absence can't be about a field that has a value, and every field of the sample has one.
			if f.Name == "absences" || f.Name == "silence" && def.Name == "DetailInput" || def.Name == "ProvenanceInput" && f.Name == "fields" {
				continue
			}
			within := def.Name
			if field == "p" {
				within = "P" // a probability
			}
			m[f.Name] = sample(s, within, f.Name, f.Type)
		}
		return m
	}
	switch typ.Name() {
	case "Boolean":
		return true
	case "Int":
		return 1
	case "Float":
		if owner == "P" {
			return 0.5
		}
		if field == "high" {
			return 5.5
		}
		return 2.5
	case "EDTFDate":
		return "2016-08-18"
	case "ID":
		switch {
		case owner == "XrefInput" && field == "id":
			return "EX:1"
		case owner == "OntologyTermInput":
			return "UBERON:0002371"
		case field == "aliases":
			return "EX:alias"
		case field == "claims":
			return "claim:d2-dahbour-n"
		case field == "nodes":
			return "condition:ms"
		}
		return "source:doc-002"
	}
	switch field {
	case "country", "countries":
		return "GB"
	case "language":
		return "en"
	case "url":
		return "https://example.org"
	case "sha256":
		return strings.Repeat("a", 64)
	case "doi":
		return "10.1234/example"
	case "pmid":
		return "12345"
	case "type":
		if owner == "RetractionInput" {
			return "CORRECTED"
		}
		return "SD"
	case "comparedWith":
		return "BASELINE"
	}
	return "text"
}

// selection selects every plain field of a type, to the bottom.
func selection(s *gql.Schema, def *gql.Definition, depth int) string {
	var b strings.Builder
	b.WriteString("{ __typename ")
	for _, f := range def.Fields {
		t := s.Types[f.Type.Name()]
		if strings.HasPrefix(f.Name, "__") || len(f.Arguments) > 0 || t.Kind == gql.Interface || t.Kind == gql.Object && t.Fields.ForName("provenance") != nil || depth > 3 {
			continue
		}
		b.WriteString(f.Name)
		if t.Kind == gql.Object {
			b.WriteString(" " + selection(s, t, depth+1))
		}
		b.WriteString(" ")
	}
	b.WriteString("}")
	return b.String()
}

// nulls lists the paths of an answer that are null or an empty list.
func nulls(v any, path string, report func(string)) {
	switch x := v.(type) {
	case nil:
		report(path)
	case map[string]any:
		for k, e := range x {
			nulls(e, path+"."+k, report)
		}
	case []any:
		if len(x) == 0 {
			report(path)
		}
		for _, e := range x {
			nulls(e, path, report)
		}
	}
}

// Every field that can be put comes back, for every type: none is always null, and no input is ignored.
func TestEveryFieldComesBack(t *testing.T) {
	s := serve(t)
	schema := contract(t)
	// What a sample cannot have at the same time, and why.
	never := map[string]string{
		"quantity.low": "a value or a range", "quantity.high": "a value or a range", "scale.value": "a value or a range",
		".absences": "every field of the sample has a value", "absences": "the same", "provenance.fields": "names fields, of which the sample supports all",
		"details.silence": "a detail with values is not silent",
	}
	for _, c := range kg.Categories() {
		t.Run(string(c), func(t *testing.T) {
			field := strings.ToLower(string(c[:1])) + string(c[1:])
			in := sample(schema, "", field, gql.NamedType(string(c)+"Input", nil)).(map[string]any)
			id := "EX:" + string(c)
			in["id"], in["aliases"] = id, []any{"EXA:" + string(c)}
			in["xrefs"].([]any)[0].(map[string]any)["id"] = "EXX:" + string(c)
			if c == kg.CategoryOutcome {
				in["nAffected"], in["statistics"] = in["nTotal"], "REPORTED"
			}
			put := "put" + string(c)
			a := s.as("anna", fmt.Sprintf(`mutation($in: %sInput!) { %s(input: {%s: $in, reason: "sample"}) { revision } }`, c, put, field), map[string]any{"in": in})
			if len(a.Errors) > 0 {
				t.Fatalf("%+v", a.Errors)
			}
			got := s.ask(fmt.Sprintf(`query($id: ID!) { %s(id: $id) %s }`, field, selection(schema, schema.Types[string(c)], 0)), map[string]any{"id": "EXA:" + string(c)})
			nulls(got[field], "", func(path string) {
				for p := range never {
					if strings.HasSuffix(path, p) {
						return
					}
				}
				// Quantities stand under many names: a low or high that is null belongs to one with a value.
				if strings.HasPrefix(path, ".absences.") || strings.HasSuffix(path, ".low") || strings.HasSuffix(path, ".high") {
					return
				}
				t.Errorf("%s%s is null, though it was put", c, path)
			})
			if at(got, field+".id") != id {
				t.Errorf("id %v", at(got, field+".id"))
			}
			// Absences name only fields that are empty: here none but those that edges hold.
			for _, f := range texts(at(got, field+".absences"), "field") {
				switch f {
				case "registryId", "arms", "comparator":
				case "published":
					if c != kg.CategoryReference {
						t.Errorf("absent: %s", f)
					}
				default:
					t.Errorf("%s: %s has a value and is called absent", c, f)
				}
			}
		})
	}
}
