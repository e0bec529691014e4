package main

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// heading is what the build of the pages writes above the licence of each package that is in them: a name with its version and
// licence, or a name with the file of the licence, for what no script imports.
var heading = regexp.MustCompile(`(?m)^## (?:(\S+) - (\S+) \((.*)\)|(\S+): (.*))$`)

// packagesOf returns the npm packages that are in the pages: those whose licences are beside them, with what the lock file says of each.
func packagesOf(root string) ([]part, error) {
	text, err := unpacked(filepath.Join(root, "web", "dist", "licenses.txt.gz"))
	if err != nil {
		return nil, err
	}
	locked, err := lockedPackages(filepath.Join(root, "web", "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name, version := m[1]+m[4], m[2]
		i := slices.IndexFunc(locked, func(l lockedPackage) bool { return l.name == name && (version == "" || l.Version == version) })
		if i < 0 {
			return nil, fmt.Errorf("web/dist has %s %s, and package-lock.json has not: run `make generate`", name, version)
		}
		l := locked[i]
		if version == "" && slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			continue // more of the licence of one that was there
		}
		p := part{kind: cdx.ComponentTypeLibrary, name: name, version: l.Version, purl: "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + l.Version, licences: []string{l.License}}
		if sum, ok := strings.CutPrefix(l.Integrity, "sha512-"); ok {
			b, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("package-lock.json: %s: %w", name, err)
			}
			p.algorithm, p.hash = cdx.HashAlgoSHA512, hex.EncodeToString(b)
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("web/dist/licenses.txt.gz names no package")
	}
	return parts, nil
}

type lockedPackage struct {
	name                        string
	Version, License, Integrity string
}

func lockedPackages(path string) (out []lockedPackage, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lock struct{ Packages map[string]lockedPackage }
	if err := json.Unmarshal(b, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for at, p := range lock.Packages {
		if i := strings.LastIndex(at, "node_modules/"); i >= 0 {
			p.name = at[i+len("node_modules/"):]
			out = append(out, p)
		}
	}
	return out, nil
}

func unpacked(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(z)
	return string(b), err
}
