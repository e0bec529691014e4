// Sbom writes what a stemma binary is made of, as a CycloneDX document: the Go modules that are linked into it and the npm packages that
// are bundled into its pages. It fails when one of them has a licence that is not permissive, or none that it knows.
//
//	go -C tools run ./sbom -binary ../stemma -output ../stemma.cdx.json
//
// The same binary gives the same document, byte for byte.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	binary := flag.String("binary", "../stemma", "the program")
	root := flag.String("root", "..", "the directory of its module")
	output := flag.String("output", "../stemma.cdx.json", "the document to write")
	flag.Parse()
	if err := run(*binary, *root, *output); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(binary, root, output string) error {
	text, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	main, err := program(binary, info, text)
	if err != nil {
		return err
	}
	modules, edges, err := modulesOf(info, main.purl, root)
	if err != nil {
		return err
	}
	packages, err := packagesOf(root)
	if err != nil {
		return err
	}
	parts := slices.Concat(modules, packages)
	if err := refused(parts); err != nil {
		return err
	}
	doc, err := document(main, parts, edges)
	if err != nil {
		return err
	}
	if err := validate(doc); err != nil {
		return fmt.Errorf("the document is not as the schema of CycloneDX wants it: %w", err)
	}
	if err := os.WriteFile(output, doc, 0o644); err != nil {
		return err
	}
	fmt.Printf("sbom: %s: %d Go modules, %d npm packages; it fits the schema of CycloneDX %s, and all licences are permissive: %s\n",
		output, len(modules), len(packages), version, strings.Join(licencesOf(parts), ", "))
	return nil
}

// program describes the binary itself. What version it was given is not in what Go notes of a build: the binary says it.
func program(binary string, info *buildinfo.BuildInfo, text []byte) (part, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return part{}, err
	}
	said, err := exec.Command(binary, "version").Output()
	if err != nil {
		return part{}, fmt.Errorf("%s version: %w", binary, err)
	}
	line, _, _ := strings.Cut(string(said), "\n")
	v := strings.TrimPrefix(line, "stemma ")
	return part{
		kind: cdx.ComponentTypeApplication, name: info.Main.Path, version: v, purl: "pkg:golang/" + info.Main.Path + "@" + url.PathEscape(v),
		licences: []string{"Apache-2.0"}, algorithm: cdx.HashAlgoSHA256, hash: fmt.Sprintf("%x", sha256.Sum256(text)),
	}, nil
}

// A part is something that the binary is made of.
type part struct {
	kind          cdx.ComponentType
	name, version string
	purl          string // what names it everywhere
	licences      []string
	sum           string // a line of go.sum has it
	algorithm     cdx.HashAlgorithm
	hash          string // of what was downloaded, hexadecimal
}

// refused names the parts that may not be in the binary.
func refused(parts []part) error {
	var errs []error
	for _, p := range parts {
		if len(p.licences) == 0 {
			errs = append(errs, fmt.Errorf("%s@%s: no licence that is known was found in it", p.name, p.version))
		}
		for _, l := range p.licences {
			if !slices.Contains(permissive, l) {
				errs = append(errs, fmt.Errorf("%s@%s: the licence %s is not among the permissive ones: %s", p.name, p.version, l, strings.Join(permissive, ", ")))
			}
		}
	}
	return errors.Join(errs...)
}

func licencesOf(parts []part) (out []string) {
	for _, p := range parts {
		out = append(out, p.licences...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
