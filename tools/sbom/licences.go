package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// permissive are the licences that may be in the binary: they ask for their text to be passed on, and for nothing of ours.
// OFL-1.1 is for fonts.
var permissive = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "OFL-1.1"}

// A licence is known by sentences that stand in it alone, in lower case with single spaces.
var known = []struct {
	id  string
	has []string
	not string
}{
	{id: "Apache-2.0", has: []string{"apache license", "version 2.0, january 2004"}},
	{id: "MIT", has: []string{"permission is hereby granted, free of charge, to any person obtaining a copy of this software"}},
	{id: "BSD-3-Clause", has: []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{id: "BSD-2-Clause", has: []string{"redistribution and use in source and binary forms"}, not: "endorse or promote products"},
	{id: "ISC", has: []string{"permission to use, copy, modify, and", "distribute this software for any purpose with or without fee", "copyright notice and this permission notice appear"}},
	{id: "GPL or LGPL or AGPL", has: []string{"general public license"}},
	{id: "MPL-2.0", has: []string{"mozilla public license"}},
	{id: "EPL-2.0", has: []string{"eclipse public license"}},
	{id: "BUSL-1.1", has: []string{"business source license"}},
	{id: "SSPL-1.0", has: []string{"server side public license"}},
}

// A file of several licences has them all.
func licencesOfText(text string) (ids []string) {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	for _, l := range known {
		if !slices.ContainsFunc(l.has, func(s string) bool { return !strings.Contains(text, s) }) && (l.not == "" || !strings.Contains(text, l.not)) {
			ids = append(ids, l.id)
		}
	}
	return ids
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)

// licencesIn returns the licences of the files that a module has for them in its first directory.
func licencesIn(dir string) (ids []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !licenceFile.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		found := licencesOfText(string(text))
		if len(found) == 0 {
			found = []string{"unknown (" + e.Name() + ")"}
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
