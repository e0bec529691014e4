package kg_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/stemma-kg/stemma/kg"
)

var update = flag.Bool("update", false, "rewrite the golden files of the stored forms")

// golden compares got with a file of testdata. A stored form that differs from its golden file is one that stores on
// disk no longer have: it needs a new format number and a migration, not a new golden file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./kg -update for a new type", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: the form changed:\n got %s\nwant %s", file, got, want)
	}
}

// lines breaks hexadecimal digits so that a changed field is a changed line or two.
func lines(b []byte) []byte {
	var out bytes.Buffer
	for s := hex.EncodeToString(b); s != ""; {
		n := min(64, len(s))
		out.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return out.Bytes()
}

func unlines(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	out, err := hex.DecodeString(strings.ReplaceAll(string(b), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func TestStoredFormsOfNodes(t *testing.T) {
	seen := map[Category]bool{}
	for name, n := range rich() {
		seen[n.Category()] = true
		if err := n.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b, err := Encode(n)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".golden", lines(b))
		golden(t, name+".json", pretty(t, n))
		read, err := Decode(unlines(t, name+".golden"))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, n) {
			t.Errorf("%s.golden reads as\n%s", name, pretty(t, read))
		}
		fromJSON := New(n.Category())
		if b, err := os.ReadFile(filepath.Join("testdata", name+".json")); err != nil {
			t.Fatal(err)
		} else if err := json.Unmarshal(b, fromJSON); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(fromJSON, n) {
			t.Errorf("%s.json reads as\n%s", name, pretty(t, fromJSON))
		}
	}
	for _, c := range Categories() {
		if !seen[c] {
			t.Errorf("there is no golden file of category %s", c)
		}
	}
}

func TestStoredFormOfEdges(t *testing.T) {
	edges := richEdges()
	b, err := EncodeEdges(edges)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "edges.golden", lines(b))
	golden(t, "edges.json", pretty(t, edges))
	read, err := DecodeEdges(unlines(t, "edges.golden"), edges[0].Subject, edges[0].Predicate, edges[0].Object)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, edges) {
		t.Errorf("edges.golden reads as\n%s", pretty(t, read))
	}
}

// A field that no golden file fills could change its key unseen.
func TestGoldenFilesFillEveryField(t *testing.T) {
	filled := map[string]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				filled[name] = filled[name] || !v.Field(i).IsZero()
				walk(v.Field(i))
			}
		}
	}
	for _, n := range rich() {
		walk(reflect.ValueOf(n))
	}
	walk(reflect.ValueOf(richEdges()))
	if len(filled) < 150 {
		t.Errorf("the walk found only %d fields", len(filled))
	}
	for name, ok := range filled {
		if !ok {
			t.Errorf("no golden file fills %s", name)
		}
	}
}

// fill draws a value for every field of v: the round trip must hold for what Validate refuses, too.
func fill(t *rapid.T, v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(-1<<33, 1<<33).Draw(t, "time"), 0).UTC()))
		return
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
		return
	}
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
		n := rapid.IntRange(0, 2).Draw(t, "length")
		if n == 0 {
			return
		}
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.StringN(0, 8, 64).Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Filter(func(f float64) bool { return !math.IsNaN(f) }).Draw(t, "float"))
	default:
		t.Fatalf("no generator for %s", v.Type())
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := New(rapid.SampledFrom(Categories()).Draw(t, "category"))
		fill(t, reflect.ValueOf(n).Elem())
		b, err := Encode(n)
		if err != nil {
			t.Fatal(err)
		}
		read, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, n) {
			t.Fatalf("put %+v\ngot %+v", n, read)
		}
		if again, err := Encode(read); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("the same node has another form: %x, %x, %v", b, again, err)
		}
	})
}

func TestRoundTripOfEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edges := make([]Edge, rapid.IntRange(1, 3).Draw(t, "edges"))
		for i := range edges {
			fill(t, reflect.ValueOf(&edges[i]).Elem())
			edges[i].Subject, edges[i].Predicate, edges[i].Object = "a:a", IsA, "b:b"
		}
		b, err := EncodeEdges(edges)
		if err != nil {
			t.Fatal(err)
		}
		read, err := DecodeEdges(b, "a:a", IsA, "b:b")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, edges) {
			t.Fatalf("put %+v\ngot %+v", edges, read)
		}
	})
}

func TestDecodeRefusesWhatIsNoNode(t *testing.T) {
	good, err := Encode(rich()["disease"])
	if err != nil {
		t.Fatal(err)
	}
	invalidUTF8 := bytes.Replace(bytes.Clone(good), []byte("Neuro"), []byte("Ne\xffro"), 1)
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"an unknown category": {0xee, 0xa0},
		"no body":             good[:1],
		"a body cut short":    good[:len(good)/2],
		"more than a body":    append(bytes.Clone(good), 0xa0),
		"not a map":           {1, 0x01},
		"a key twice":         {1, 0xa2, 0x02, 0x61, 'a', 0x02, 0x61, 'b'},
		"another type":        {1, 0xa1, 0x02, 0x01},
		"invalid UTF-8":       invalidUTF8,
	} {
		if n, err := Decode(b); err == nil {
			t.Errorf("%s: read as %+v", name, n)
		}
	}
	if _, err := DecodeEdges(good, "a:a", IsA, "b:b"); err == nil {
		t.Error("a node was read as edges")
	}
}

// A field that is added later must not keep older programs from reading what they know; a field that is not written reads as empty.
func TestDecodePassesOverUnknownFields(t *testing.T) {
	n, err := Decode([]byte{1, 0xa3, 0x01, 0x63, 'a', ':', 'b', 0x18, 0xfa, 0x63, 'n', 'e', 'w', 0x02, 0x61, 'L'})
	if err != nil {
		t.Fatal(err)
	}
	if h := n.Base(); h.ID != "a:b" || h.Label != "L" {
		t.Errorf("got %+v", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range rich() {
		b, err := Encode(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Decode(b)
		if err != nil {
			return
		}
		_ = n.Validate()
		_, _ = n.Rank(), n.Terms()
		again, err := Encode(n)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		read, err := Decode(again)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if third, err := Encode(read); err != nil || !bytes.Equal(third, again) {
			t.Fatalf("the form does not settle: %x, %x, %v", again, third, err)
		}
	})
}
