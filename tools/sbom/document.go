package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const version = cdx.SpecVersion1_6

// document writes the parts down. Edges say which part needs which others, by their purl.
func document(program part, parts []part, edges map[string][]string) ([]byte, error) {
	bom := cdx.NewBOM()
	components, dependencies := []cdx.Component{}, []cdx.Dependency{}
	depend := func(p part, on []string) {
		slices.Sort(on)
		dependencies = append(dependencies, cdx.Dependency{Ref: p.purl, Dependencies: &on})
	}
	all := edges[program.purl]
	for _, p := range parts {
		components = append(components, component(p))
		if strings.HasPrefix(p.purl, "pkg:npm/") { // which npm package needs which is not known here: the pages need all
			all = append(all, p.purl)
		} else {
			depend(p, edges[p.purl])
		}
	}
	depend(program, all)
	main := component(program)
	bom.Metadata = &cdx.Metadata{
		Component: &main,
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "github.com/stemma-kg/stemma/tools/sbom"}}},
	}
	bom.Components, bom.Dependencies = &components, &dependencies

	// The number is made of the rest, so that the same binary has the same one.
	text, err := encode(bom)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8 of RFC 9562: of the maker's own making
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	return encode(bom)
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var b bytes.Buffer
	e := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	e.SetEscapeHTML(false)
	if err := e.EncodeVersion(bom, version); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func component(p part) cdx.Component {
	licences := cdx.Licenses{}
	for _, id := range p.licences {
		licences = append(licences, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	c := cdx.Component{BOMRef: p.purl, Type: p.kind, Name: p.name, Version: p.version, PackageURL: p.purl, Licenses: &licences}
	if p.hash != "" {
		c.Hashes = &[]cdx.Hash{{Algorithm: p.algorithm, Value: p.hash}}
	}
	if p.sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go.sum", Value: p.sum}}
	}
	return c
}

// validate holds a document against the schema, which is beside the library that wrote it.
func validate(doc []byte) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		return fmt.Errorf("find the schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(besideLibrary(filepath.Join(strings.TrimSpace(string(out)), "schema")))
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-" + version.String() + ".schema.json")
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// besideLibrary finds schemas in a directory in place of their addresses.
type besideLibrary string

// Load is jsonschema's.
func (dir besideLibrary) Load(address string) (any, error) {
	names, err := filepath.Glob(filepath.Join(string(dir), strings.TrimSuffix(path.Base(address), ".schema.json")+".schema*.json"))
	if err != nil || len(names) != 1 {
		return nil, fmt.Errorf("the schema %s is not in %s", address, dir)
	}
	f, err := os.Open(names[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return jsonschema.UnmarshalJSON(f)
}
