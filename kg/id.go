package kg

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// An ID names a node: a CURIE ("MONDO:0019100", "NCT:NCT00273364") or a local slug ("condition:cli").
// Prefixes are spelt as the Bioregistry prefers them; [ParseID] brings other spellings to that form.
type ID string

// A Key is where a node lives in a store: the UUIDv5 of its canonical ID. It never changes while the ID does not.
type Key [16]byte

// namespace is the UUIDv5 namespace of Stemma's node keys: uuid5(DNS, "stemma-kg.org").
var namespace = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("stemma-kg.org"))

// Key returns the UUIDv5 of the id. It is a pure function of the bytes: call [ParseID] first.
func (id ID) Key() Key { return Key(uuid.NewSHA1(namespace, []byte(id))) }

// UUID prints the key in the usual hyphenated form.
func (k Key) UUID() string { return uuid.UUID(k).String() }

// Prefix returns what stands before the first colon, "" when there is none.
func (id ID) Prefix() string {
	p, _, ok := strings.Cut(string(id), ":")
	if !ok {
		return ""
	}
	return p
}

// Local returns what stands after the first colon, the whole id when there is none.
func (id ID) Local() string {
	_, l, ok := strings.Cut(string(id), ":")
	if !ok {
		return string(id)
	}
	return l
}

// MaxIDLength bounds an id in bytes. The longest DOI registered is far below it.
const MaxIDLength = 512

// A prefix says how identifiers of one space are written.
type prefix struct {
	name     string         // as the Bioregistry prefers it
	synonyms []string       // other spellings met in the wild, lower case
	pattern  *regexp.Regexp // of the local part, nil when anything goes
	fold     func(string) string
	example  string
}

func upper(s string) string { return strings.ToUpper(s) }
func lower(s string) string { return strings.ToLower(s) }

// withName puts the registry's own letters back in front: "00273364" and "nct00273364" are both NCT00273364.
func withName(name string) func(string) string {
	return func(s string) string {
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			s = s[len(name):]
		}
		return name + upper(s)
	}
}

// withoutName drops a repeated prefix: "PMC:PMC6090512" keeps it, "DOID:DOID:863" does not.
func withoutName(name string) func(string) string {
	return func(s string) string {
		if len(s) > len(name) && strings.EqualFold(s[:len(name)], name) {
			return strings.TrimLeft(s[len(name):], ":_")
		}
		return s
	}
}

// prefixes is the table of identifier spaces. Patterns follow the Bioregistry (https://bioregistry.io).
var prefixes = []prefix{
	{"MONDO", []string{"mondo"}, rx(`\d{7}`), withoutName("MONDO"), "MONDO:0019100"},
	{"DOID", []string{"doid", "do"}, rx(`\d+`), withoutName("DOID"), "DOID:8869"},
	{"MESH", []string{"mesh", "msh", "mesh_id"}, rx(`[A-Z]\d{3,9}(\.\d+)*`), upper, "MESH:D009103"},
	{"ICD10CM", []string{"icd10cm", "icd-10-cm", "icd10-cm"}, rx(`[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?`), upper, "ICD10CM:G35"},
	{"ICD10", []string{"icd10", "icd-10"}, rx(`[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?(-[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?`), upper, "ICD10:G35"},
	{"NCIT", []string{"ncit", "nci", "nci_thesaurus"}, rx(`C\d+`), upper, "NCIT:C3243"},
	{"Orphanet", []string{"orphanet", "orpha", "ordo"}, rx(`\d+`), withoutName("Orphanet"), "Orphanet:536"},
	{"UMLS", []string{"umls", "umls_cui"}, rx(`C\d{7}`), upper, "UMLS:C0026769"},
	{"OMIM", []string{"omim", "mim"}, rx(`(PS)?\d{6}`), upper, "OMIM:126200"},
	{"HP", []string{"hp", "hpo"}, rx(`\d{7}`), withoutName("HP"), "HP:0000518"},
	{"CL", []string{"cl"}, rx(`\d{7}`), withoutName("CL"), "CL:0000134"},
	{"UBERON", []string{"uberon"}, rx(`\d{7}`), withoutName("UBERON"), "UBERON:0002371"},
	{"NCT", []string{"nct", "clinicaltrials", "clinicaltrials.gov", "ctgov"}, rx(`NCT\d{8}`), withName("NCT"), "NCT:NCT00273364"},
	{"EudraCT", []string{"eudract", "euctr", "euclinicaltrials"}, rx(`\d{4}-\d{6}-\d{2}`), nil, "EudraCT:2007-000064-24"},
	{"CTIS", []string{"ctis"}, rx(`\d{4}-\d{6}-\d{2}(-\d{2})?`), nil, "CTIS:2022-500014-26-00"},
	{"ISRCTN", []string{"isrctn"}, rx(`ISRCTN\d{8}`), withName("ISRCTN"), "ISRCTN:ISRCTN88667898"},
	{"ChiCTR", []string{"chictr"}, rx(`ChiCTR[A-Z0-9-]+`), withName("ChiCTR"), "ChiCTR:ChiCTR2000029757"},
	{"jRCT", []string{"jrct"}, rx(`jRCTs?\d+`), nil, "jRCT:jRCT2080220001"},
	{"IRCT", []string{"irct"}, rx(`IRCT[0-9N]+`), withName("IRCT"), "IRCT:IRCT20080901001165N43"},
	{"PMID", []string{"pmid", "pubmed"}, rx(`[1-9]\d{0,8}`), nil, "PMID:28961381"},
	{"PMC", []string{"pmc", "pmcid"}, rx(`PMC\d+`), withName("PMC"), "PMC:PMC6090512"},
	{"DOI", []string{"doi"}, rx(`10\.\d{4,9}/\S+`), lower, "DOI:10.1111/cns.12759"},
	{"ISSN", []string{"issn"}, rx(`\d{4}-\d{3}[0-9X]`), upper, "ISSN:0028-3878"},
	{"ORCID", []string{"orcid"}, rx(`\d{4}-\d{4}-\d{4}-\d{3}[0-9X]`), upper, "ORCID:0000-0002-1825-0097"},
	{"HGNC", []string{"hgnc"}, rx(`\d+`), withoutName("HGNC"), "HGNC:5438"},
	{"ECO", []string{"eco"}, rx(`\d{7}`), withoutName("ECO"), "ECO:0000304"},
}

func rx(p string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + p + `)$`) }

var prefixByName = func() map[string]*prefix {
	m := map[string]*prefix{}
	for i := range prefixes {
		p := &prefixes[i]
		m[lower(p.name)] = p
		for _, s := range p.synonyms {
			m[s] = p
		}
	}
	return m
}()

// bare recognises identifiers that carry their registry's name and so need no prefix.
var bare = []struct {
	pattern *regexp.Regexp
	prefix  string
}{
	{regexp.MustCompile(`(?i)^NCT\d{8}$`), "NCT"},
	{regexp.MustCompile(`(?i)^ISRCTN\d{8}$`), "ISRCTN"},
	{regexp.MustCompile(`(?i)^ChiCTR[-A-Z0-9]+$`), "ChiCTR"},
	{regexp.MustCompile(`(?i)^IRCT[0-9N]+$`), "IRCT"},
	{regexp.MustCompile(`^jRCTs?\d+$`), "jRCT"},
	{regexp.MustCompile(`(?i)^PMC\d+$`), "PMC"},
	{regexp.MustCompile(`^10\.\d{4,9}/\S+$`), "DOI"},
}

var (
	prefixShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
	doiURL      = regexp.MustCompile(`(?i)^https?://(dx\.)?doi\.org/`)
)

// ParseID brings s to its canonical spelling: prefix as the Bioregistry prefers it, DOIs in lower case,
// registry numbers with their letters ("clinicaltrials:nct00273364" is NCT:NCT00273364). A prefix it does
// not know is kept as written. It fails, naming s, on what can't be an identifier: no prefix, blanks,
// control characters, invalid UTF-8, or a local part against the pattern of a known prefix.
func ParseID(s string) (ID, error) {
	if s == "" {
		return "", fmt.Errorf("empty identifier: want a CURIE such as MONDO:0019100 or a slug such as condition:cli")
	}
	if len(s) > MaxIDLength {
		return "", fmt.Errorf("identifier of %d bytes: the limit is %d", len(s), MaxIDLength)
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("identifier %q is not valid UTF-8", s)
	}
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			return "", fmt.Errorf("identifier %q holds a blank or a control character", s)
		}
	}
	if u := doiURL.FindString(s); u != "" {
		s = "DOI:" + s[len(u):]
	}
	for _, b := range bare {
		if b.pattern.MatchString(s) {
			s = b.prefix + ":" + s
			break
		}
	}
	name, local, ok := strings.Cut(s, ":")
	if !ok || local == "" || !prefixShape.MatchString(name) {
		return "", fmt.Errorf("identifier %q is not a CURIE: want PREFIX:LOCAL, such as MONDO:0019100 or condition:cli", s)
	}
	p := prefixByName[lower(name)]
	if p == nil {
		return ID(s), nil
	}
	if p.fold != nil {
		local = p.fold(local)
	}
	if p.pattern != nil && !p.pattern.MatchString(local) {
		return "", fmt.Errorf("identifier %q does not look like one of %s: want the form of %s", s, p.name, p.example)
	}
	id := ID(p.name + ":" + local)
	if len(id) > MaxIDLength { // lower case may be longer
		return "", fmt.Errorf("identifier of %d bytes in its canonical form: the limit is %d", len(id), MaxIDLength)
	}
	return id, nil
}

// MustID is ParseID for identifiers written in code. It panics on a malformed one.
func MustID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}
