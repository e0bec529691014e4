package main

import (
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func TestLicences(t *testing.T) {
	const bsd2 = "Redistribution and use in source and\n binary forms, with or without modification, are permitted"
	for text, want := range map[string]string{
		"Permission is hereby granted, free of charge,\nto any person obtaining a copy\nof this software": "MIT",
		bsd2: "BSD-2-Clause",
		bsd2 + " … Neither the name … may be used to endorse or\n   promote products": "BSD-3-Clause",
		"Apache License\n Version 2.0, January 2004":                                  "Apache-2.0",
		"Apache License\n Version 2.0, January 2004 --- " + bsd2:                      "Apache-2.0 BSD-2-Clause",
		"GNU LESSER GENERAL PUBLIC LICENSE":                                           "GPL or LGPL or AGPL",
		"Mozilla Public License Version 2.0":                                          "MPL-2.0",
		"All rights reserved.":                                                        "",
	} {
		if got := strings.Join(licencesOfText(text), " "); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	good := part{name: "a", licences: []string{"MIT", "OFL-1.1"}}
	if err := refused([]part{good}); err != nil {
		t.Error(err)
	}
	for _, licences := range [][]string{nil, {"MIT", "GPL or LGPL or AGPL"}, {""}, {"MIT OR GPL-2.0"}} {
		if err := refused([]part{good, {name: "b", version: "v1", licences: licences}}); err == nil || !strings.Contains(err.Error(), "b@v1") {
			t.Errorf("%v: %v", licences, err)
		}
	}
}

// The schema is held against the document, and refuses one that is wrong.
func TestDocument(t *testing.T) {
	main := part{kind: cdx.ComponentTypeApplication, name: "m", version: "1", purl: "pkg:golang/m@1", licences: []string{"MIT"}}
	parts := []part{{kind: cdx.ComponentTypeLibrary, name: "a", version: "2", purl: "pkg:golang/a@2", licences: []string{"ISC"}, sum: "h1:x"}}
	edges := map[string][]string{main.purl: {parts[0].purl}}
	doc, err := document(main, parts, edges)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(doc); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"bomFormat": "CycloneDX"`, `"specVersion": "1.6"`, `"purl": "pkg:golang/a@2"`, `"id": "ISC"`, `"urn:uuid:`} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("%s is not in %s", want, doc)
		}
	}
	if err := validate([]byte(strings.Replace(string(doc), `"type": "library"`, `"type": "thing"`, 1))); err == nil {
		t.Error("a document that is wrong fits the schema")
	}
	parts[0].licences = []string{"Mine"}
	if doc, err = document(main, parts, edges); err != nil || validate(doc) == nil {
		t.Errorf("a licence that SPDX has not fits the schema (%v)", err)
	}
}
