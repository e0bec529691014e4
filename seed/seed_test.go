package seed_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
)

func load(t testing.TB) *seed.Graph {
	t.Helper()
	g, err := seed.Load()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestLoadCounts(t *testing.T) {
	count := map[kg.Category]int{}
	for _, n := range load(t).Nodes {
		count[n.Category()]++
	}
	if got := count[kg.CategoryOutcome] + count[kg.CategoryClaim]; got != 324 {
		t.Errorf("%d statements: want 324", got)
	}
	if count[kg.CategoryOutcome] != 79 || count[kg.CategoryConflict] != 40 || count[kg.CategoryTrial] != 11 {
		t.Errorf("counts %v: want 79 outcomes, 40 conflicts, 11 trials", count)
	}
}

func TestEverythingSaysWhoReadItAndWhen(t *testing.T) {
	g := load(t)
	check := func(id kg.ID, p kg.Provenance) {
		if p.KnowledgeLevel == "" || p.AgentType != kg.ManualAgent || p.RecordedAt.IsZero() {
			t.Errorf("%s: provenance %+v", id, p)
		}
		if strings.HasPrefix(string(p.Source), "source:doc-") && len(p.Selectors) == 0 {
			t.Errorf("%s: nothing says where in %s", id, p.Source)
		}
	}
	for _, n := range g.Nodes {
		for _, p := range n.Base().Provenance {
			check(n.Base().ID, p)
		}
	}
	for _, e := range g.Edges {
		check(e.Subject, e.Provenance)
	}
}

// set returns the objects of a node's edges, sorted.
func set(v *view, id kg.ID, p kg.Predicate, role kg.Role) []string {
	out := v.objects(id, p, role)
	slices.Sort(out)
	return out
}

func TestTrialsTestTheirCells(t *testing.T) {
	v := look(t)
	for trial, want := range map[kg.ID][]string{
		"study:angiitis-cli-5y": {"cells:stem-cells-unspecified"},
		"study:pmsc-cli-phase1": {"cells:p-msc"},
		"study:dahbour-ms":      {"cells:bm-msc"},
		"study:lu-nmosd":        {"cells:uc-msc"},
		"study:astims":          {"cells:hsc-autologous"},
		"study:mist":            {"cells:hsc-autologous"},
		"study:canada-ahsct":    {"cells:hsc-autologous"},
		"study:ahsct-case-2016": {"cells:hsc-autologous"},
		"study:marmont-sle":     {"cells:bm-autologous"},
		"study:drumtower-sle":   {"cells:bm-msc", "cells:uc-msc"},
		"study:china-limb-use":  {"cells:autologous-sc"},
	} {
		if got := set(v, trial, kg.Tests, ""); !slices.Equal(got, want) {
			t.Errorf("%s tests %v: want %v", trial, got, want)
		}
	}
}

func TestExactSizesAddUp(t *testing.T) {
	sum, bounds, unknown := 0.0, 0, 0
	for _, n := range load(t).Nodes {
		trial, ok := n.(*kg.Trial)
		if !ok {
			continue
		}
		switch q := trial.Enrollment; {
		case q == nil:
			unknown++
		case q.Comparator != kg.Exact:
			bounds++
		default:
			sum += *q.Value
		}
	}
	if sum != 73 || bounds != 2 || unknown != 3 {
		t.Errorf("%v participants, %d bounds, %d unknown: want 73, 2 (>40, >8000), 3 (MIST, Canada, Marmont)", sum, bounds, unknown)
	}
}

func TestStepsOfTheRegimenAreInOrder(t *testing.T) {
	var got []string
	for _, e := range look(t).from["intervention:ahsct"] {
		if e.Predicate == kg.Includes {
			for len(got) < *e.Position {
				got = append(got, "")
			}
			got[*e.Position-1] = string(e.Role) + " " + string(e.Provenance.Claims[0])
		}
	}
	want := []string{"COLLECTION claim:d3-ahsct-step-collect", "CONDITIONING claim:d3-ahsct-step-chemo", "INFUSION claim:d3-ahsct-step-reinfuse"}
	if !slices.Equal(got, want) {
		t.Errorf("steps %v: want %v", got, want)
	}
}

func TestWarningReachesUsThroughItsChain(t *testing.T) {
	v := look(t)
	const warning = "claim:d3-mssoc-aggressive"
	if got := set(v, warning, kg.SaidBy, ""); !slices.Equal(got, []string{"agent:ms-society"}) {
		t.Errorf("said by %v", got)
	}
	document := kg.ID(set(v, warning, kg.StatedIn, "")[0])
	if got := set(v, document, kg.Involves, kg.Upstream); !slices.Contains(got, "agent:bioon") {
		t.Errorf("%s has it from %v", document, got)
	}
	if got := set(v, document, kg.Involves, kg.Publisher); !slices.Equal(got, []string{"agent:qingdao-beautiful-skin"}) {
		t.Errorf("%s is published by %v", document, got)
	}
}

func TestSummaryOverstatesTheNumbers(t *testing.T) {
	got := set(look(t), "claim:d2-dahbour-all-improved", kg.Linked, kg.Overstates)
	if want := []string{"claim:d2-dahbour-edss-fell", "claim:d2-dahbour-edss-unchanged"}; !slices.Equal(got, want) {
		t.Errorf("overstates %v: want %v", got, want)
	}
}

func TestPartsOfThePICOQuestion(t *testing.T) {
	v := look(t)
	for _, c := range []struct {
		statement kg.ID
		role      kg.Role
		want      []string
	}{
		{"claim:d3-astims-comparator", kg.ComparatorRole, []string{"group:astims-mtx", "intervention:mitoxantrone"}},
		{"claim:d3-astims-comparator", kg.InterventionRole, []string{"intervention:ahsct"}},
		{"claim:d3-mitoxantrone-chemo", kg.InterventionRole, []string{"intervention:mitoxantrone"}},
		{"claim:d1-epi-smokers", kg.Population, []string{"condition:limb-ischaemia", "condition:smoking"}},
		{"claim:d3-canada-death", kg.OutcomeRole, []string{"condition:death", "condition:liver-failure"}},
		{"claim:d0-contraindication-tumour", kg.SubjectRole, []string{"condition:tumour-5y", "source:consensus-limb"}},
	} {
		if got := set(v, c.statement, kg.AboutThing, c.role); !slices.Equal(got, c.want) {
			t.Errorf("%s is about %v as %s: want %v", c.statement, got, c.role, c.want)
		}
	}
}

func TestOutsideRecordsFillNoField(t *testing.T) {
	v := look(t)
	trial := v.nodes["study:dahbour-ms"].(*kg.Trial)
	if trial.Phase != "" || trial.Enrollment == nil || *trial.Enrollment.Value != 10 {
		t.Errorf("phase %q, enrollment %v: the registry has phase 1/2 and 13, the document neither", trial.Phase, trial.Enrollment)
	}
	if slices.Contains(trial.Names(), "NCT:NCT01895439") {
		t.Error("a probable registry number became a name of the trial")
	}
	cells := v.nodes["cells:bm-msc"].(*kg.CellSource)
	if cells.Donor != kg.DonorNotStated {
		t.Errorf("donor %s: the document does not say", cells.Donor)
	}
}

// broken is a small seed, and what is wrong with it when a line is exchanged.
func broken(replace ...string) fstest.MapFS {
	r := strings.NewReplacer(replace...)
	out := fstest.MapFS{}
	for name, text := range map[string]string{
		"references.yaml": "references:\n  - {id: source:stemma-curation, label: curation, type: CURATION}\n  - {id: source:doc-0, label: doc, type: WEB_PAGE}\n",
		"diseases.yaml": "diseases:\n  - id: condition:a\n    label: a\n    edges:\n      IS_A:\n        - {to: condition:b, from: claim:x}\n" +
			"  - id: condition:b\n    label: b\n",
		"measures.yaml": "measures:\n  - {id: measure:m, label: m}\n",
		"statements/doc-0.yaml": "source: source:doc-0\nlanguage: en\nstatements:\n  - id: claim:x\n    kind: OUTCOME\n    text: m rose\n    about: [condition:a]\n" +
			"    observation:\n      measure: measure:m\n      rate: 5..10 %\n      direction: INCREASED\n    at: {chars: [0, 5], bytes: [0, 5], lines: 1, sha256: \"" + strings.Repeat("0", 64) + "\"}\n",
	} {
		out[name] = &fstest.MapFile{Data: []byte(r.Replace(text))}
	}
	return out
}

func TestBadFilesAreRefusedByFileLineAndField(t *testing.T) {
	if _, err := seed.LoadFS(broken()); err != nil {
		t.Fatalf("the small seed itself: %v", err)
	}
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"not YAML":            {"label: b\n", "label: [b\n", []string{"diseases.yaml:"}},
		"unknown key":         {"    label: b\n", "    label: b\n    colour: red\n", []string{"diseases.yaml:9: ", "colour"}},
		"unknown top key":     {"measures:", "measure:", []string{"measures.yaml:1: ", "measure"}},
		"duplicate id":        {"id: condition:b", "id: condition:a", []string{"diseases.yaml:7: condition:a: id"}},
		"no label":            {"    label: b\n", "", []string{"diseases.yaml:7: condition:b: label: is required"}},
		"unknown end":         {"to: condition:b", "to: condition:c", []string{"diseases.yaml:5: condition:a: IS_A: there is no condition:c"}},
		"unknown predicate":   {"IS_A", "TREATS", []string{"diseases.yaml:5: condition:a: TREATS"}},
		"misfit":              {"to: condition:b", "to: measure:m", []string{"diseases.yaml:5: condition:a: IS_A", "Measure"}},
		"no statement":        {"from: claim:x", "from: claim:y", []string{"diseases.yaml:6: condition:a: from: there is no statement claim:y"}},
		"no reference":        {"from: claim:x", "from: source:nowhere", []string{"source:nowhere is no reference"}},
		"ids in braces":       {"from: claim:x", "from: [claim:x]", []string{"diseases.yaml:6: ", "inside braces"}},
		"odd quantity":        {"5..10 %", "some", []string{"statements/doc-0.yaml:10: ", "is not a quantity"}},
		"range upside down":   {"5..10 %", "10..5 %", []string{"statements/doc-0.yaml:10: claim:x: rate"}},
		"odd direction":       {"INCREASED", "UP", []string{"statements/doc-0.yaml:11: claim:x: direction"}},
		"odd kind":            {"kind: OUTCOME", "kind: RESULT", []string{"statements/doc-0.yaml:5: claim:x: kind"}},
		"odd digest":          {strings.Repeat("0", 64), "abc", []string{"statements/doc-0.yaml:12: claim:x: ", "sha256"}},
		"no source":           {"source: source:doc-0\n", "", []string{"statements/doc-0.yaml:", "source and language are required"}},
		"exact id twice":      {"    label: b\n", "    label: b\n    aliases: [condition:a]\n", []string{"condition:a is a name of condition:a already"}},
		"xref without source": {"    label: b\n", "    label: b\n    xrefs:\n      - {id: MONDO:0005301}\n", []string{"condition:b: xrefs"}},
		"fact given twice":    {"    label: b\n", "    label: b\n    definition: x\n    facts:\n      - {from: claim:x, definition: y}\n", []string{"condition:b: definition: is given twice"}},
		"odd date":            {"statements:\n", "recorded: today\nstatements:\n", []string{"statements/doc-0.yaml:3: recorded"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := seed.LoadFS(broken(c.old, c.new))
			if err == nil {
				t.Fatal("is taken")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	files := os.DirFS(".")
	for b.Loop() {
		if _, err := seed.LoadFS(files); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLoadIsTheSameEachTime(t *testing.T) {
	a := load(t)
	b, err := seed.LoadFS(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest || len(a.Nodes) != len(b.Nodes) {
		t.Fatalf("%s with %d nodes, then %s with %d", a.Digest, len(a.Nodes), b.Digest, len(b.Nodes))
	}
	for i, n := range a.Nodes {
		x, err := kg.Encode(n)
		if err != nil {
			t.Fatal(err)
		}
		y, err := kg.Encode(b.Nodes[i])
		if err != nil {
			t.Fatal(err)
		}
		if string(x) != string(y) {
			t.Errorf("%s differs from one load to the next", n.Base().ID)
		}
		if back, err := kg.Decode(x); err != nil || back.Validate() != nil {
			t.Errorf("%s does not survive its stored form: %v", n.Base().ID, err)
		}
	}
	x, err := kg.EncodeEdges(a.Edges)
	if err != nil {
		t.Fatal(err)
	}
	y, err := kg.EncodeEdges(b.Edges)
	if err != nil {
		t.Fatal(err)
	}
	if string(x) != string(y) {
		t.Error("edges differ from one load to the next")
	}
}
