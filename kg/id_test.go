package kg_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/stemma-kg/stemma/kg"
)

func TestParseID(t *testing.T) {
	for _, test := range []struct{ want, spellings string }{
		{"MONDO:0019100", "MONDO:0019100 mondo:0019100 Mondo:MONDO:0019100 MONDO:MONDO_0019100"},
		{"DOID:8869", "DOID:8869 doid:8869 DO:8869 DOID:DOID:8869"},
		{"MESH:D009103", "MESH:D009103 mesh:d009103 MSH:D009103"},
		{"ICD10CM:G35", "ICD10CM:G35 icd-10-cm:g35 ICD10-CM:G35"},
		{"ICD10:I70-I79", "ICD10:I70-I79 icd-10:i70-i79"},
		{"Orphanet:536", "Orphanet:536 ORPHA:536 ordo:Orphanet_536"},
		{"NCIT:C3243", "NCIT:C3243 nci:c3243"},
		{"OMIM:PS126200", "OMIM:PS126200 mim:ps126200"},
		{"CL:0000134", "CL:0000134 cl:CL_0000134"},
		{"NCT:NCT00273364", "NCT:NCT00273364 nct:00273364 clinicaltrials:nct00273364 ClinicalTrials.gov:NCT00273364 NCT00273364 nct00273364"},
		{"EudraCT:2007-000064-24", "EudraCT:2007-000064-24 EUDRACT:2007-000064-24 euctr:2007-000064-24"},
		{"CTIS:2022-500014-26-00", "CTIS:2022-500014-26-00 ctis:2022-500014-26-00"},
		{"ISRCTN:ISRCTN88667898", "ISRCTN:ISRCTN88667898 isrctn:88667898 ISRCTN88667898"},
		{"ChiCTR:ChiCTR2000029757", "ChiCTR:ChiCTR2000029757 chictr:2000029757 ChiCTR2000029757"},
		{"jRCT:jRCT2080220001", "jRCT:jRCT2080220001 JRCT:jRCT2080220001 jRCT2080220001"},
		{"IRCT:IRCT20080901001165N43", "IRCT:IRCT20080901001165N43 irct20080901001165n43"},
		{"PMID:28961381", "PMID:28961381 pubmed:28961381 pmid:28961381"},
		{"PMC:PMC6090512", "PMC:PMC6090512 pmcid:6090512 PMC6090512 PMC:pmc6090512"},
		{"DOI:10.1111/cns.12759", "DOI:10.1111/cns.12759 doi:10.1111/CNS.12759 10.1111/cns.12759 https://doi.org/10.1111/cns.12759 http://dx.doi.org/10.1111/CNS.12759"},
		{"DOI:10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-#", "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-#"},
		{"ISSN:0028-387X", "ISSN:0028-387X issn:0028-387x"},
		{"ORCID:0000-0002-1825-0097", "ORCID:0000-0002-1825-0097"},
		{"condition:angiitis-cli", "condition:angiitis-cli"},
		{"condition:视神经脊髓炎", "condition:视神经脊髓炎"},
		{"Condition:X", "Condition:X"}, // an unknown prefix is kept as written
		{"claim:a:b:c", "claim:a:b:c"},
	} {
		for _, s := range strings.Fields(test.spellings) {
			got, err := ParseID(s)
			if err != nil || string(got) != test.want {
				t.Errorf("ParseID(%q) = %q, %v, want %q", s, got, err, test.want)
			}
		}
		if again, err := ParseID(test.want); err != nil || string(again) != test.want {
			t.Errorf("ParseID(%q) is not stable: %q, %v", test.want, again, err)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	for s, part := range map[string]string{
		"":                                    "empty",
		"nothing":                             "not a CURIE",
		":local":                              "not a CURIE",
		"prefix:":                             "not a CURIE",
		"1abc:x":                              "not a CURIE",
		"疾病:a":                                "not a CURIE",
		"with blank:x":                        "blank",
		"condition:a b":                       "blank",
		"condition:a\tb":                      "control",
		"condition:a\x00":                     "control",
		"condition:a\x7f":                     "control",
		"condition:\xff":                      "UTF-8",
		"condition:\ufffd":                    "control",
		"MONDO:19100":                         "MONDO:0019100",
		"MONDO:00191000":                      "MONDO:0019100",
		"NCT:NCT0027336":                      "NCT:NCT00273364",
		"NCT:XYZ00273364":                     "NCT",
		"PMID:0":                              "PMID",
		"PMID:abc":                            "PMID",
		"PMID:28961381.0":                     "PMID",
		"DOI:11.1111/x":                       "DOI",
		"DOI:10.1111":                         "DOI",
		"https://doi.org/":                    "",
		"MESH:9103":                           "MESH",
		"condition:a\u00a0b":                  "blank",
		"condition:a\u3000b":                  "blank",
		"condition:a\u0085b":                  "blank",
		"10.1000/" + strings.Repeat("Ⱥ", 250): "limit", // 508 bytes, and more in lower case
		"MONDO:0019100\n":                     "control",
		"ISSN:0028-38781":                     "ISSN",
		"EudraCT:2007-64-2":                   "EudraCT",
		"condition:" + strings.Repeat("z", MaxIDLength): "limit",
	} {
		id, err := ParseID(s)
		if err == nil {
			t.Errorf("ParseID(%q) = %q, want an error", s, id)
		} else if !strings.Contains(err.Error(), part) {
			t.Errorf("ParseID(%q): %v: want it to speak of %q", s, err, part)
		}
	}
}

func TestKeysNeverChange(t *testing.T) {
	// UUIDv5 in the namespace UUIDv5(DNS, "stemma-kg.org"): stores on disk have these.
	for id, want := range map[ID]string{
		"MONDO:0019100":    "a6d5f958-06cc-5fc2-9c19-60f4e8a109df",
		"condition:nmosd":  "e00d9b19-a8c8-5139-a801-957d31452384",
		"condition:视神经脊髓炎": "11ef9d9b-f9bb-5455-a6d9-4fd2c888de01",
	} {
		if got := id.Key().UUID(); got != want {
			t.Errorf("key of %s is %s, want %s", id, got, want)
		}
	}
	if ID("MONDO:0019100").Prefix() != "MONDO" || ID("MONDO:0019100").Local() != "0019100" || ID("a:b:c").Local() != "b:c" || ID("bare").Prefix() != "" || ID("bare").Local() != "bare" {
		t.Error("prefix and local part")
	}
}

func TestMustIDPanicsOnlyOnMalformedOnes(t *testing.T) {
	if MustID("mondo:0019100") != "MONDO:0019100" {
		t.Error("MustID does not parse")
	}
	defer func() {
		if recover() == nil {
			t.Error("a malformed id did not panic")
		}
	}()
	MustID("malformed")
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"MONDO:0019100", "nct00273364", "https://doi.org/10.1111/CNS.12759", "condition:视", "PMC:pmc1", "DOI:10.1000/İ", "Orphanet:Orphanet_536", "a:b", "NCT:nctnct00273364"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			if id != "" {
				t.Errorf("ParseID(%q) = %q beside %v", s, id, err)
			}
			return
		}
		if again, err := ParseID(string(id)); err != nil || again != id {
			t.Errorf("ParseID(%q) = %q, and that parses as %q, %v", s, id, again, err)
		}
		if id.Prefix() == "" || id.Local() == "" || !utf8.ValidString(string(id)) {
			t.Errorf("ParseID(%q) = %q", s, id)
		}
	})
}

func TestNames(t *testing.T) {
	h := Head{ID: "a:a", Aliases: []ID{"a:b"}, Xrefs: []Xref{{ID: "a:c", Match: ExactMatch, Verified: true}, {ID: "a:d", Match: ExactMatch}, {ID: "a:e", Match: BroaderMatch, Verified: true}}}
	if got := h.Names(); !slices.Equal(got, []ID{"a:a", "a:b", "a:c"}) {
		t.Errorf("names: %v", got)
	}
}
