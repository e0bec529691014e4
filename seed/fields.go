package seed

import (
	"errors"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the fields of each category, as a curator writes them, and where they go.

type diseaseFields struct {
	Definition text `yaml:"definition"`
}

func (f diseaseFields) set(n *kg.Disease, s *sink) error {
	word(s, "definition", &n.Definition, f.Definition)
	return nil
}

type conceptFields struct {
	Scheme     text `yaml:"scheme"`
	Definition text `yaml:"definition"`
}

func (f conceptFields) set(n *kg.Concept, s *sink) error {
	word(s, "scheme", &n.Scheme, f.Scheme)
	word(s, "definition", &n.Definition, f.Definition)
	return nil
}

type measureFields struct {
	Unit             text     `yaml:"unit"`
	Scale            quantity `yaml:"scale"`
	Benefit          text     `yaml:"benefit"`
	MinimalImportant quantity `yaml:"minimalImportantDifference"`
	Biomarker        *bool    `yaml:"biomarker"`
	Definition       text     `yaml:"definition"`
}

func (f measureFields) set(n *kg.Measure, s *sink) error {
	word(s, "unit", &n.Unit, f.Unit)
	number(s, "scale", &n.Scale, f.Scale, "")
	word(s, "benefit", &n.Benefit, f.Benefit)
	number(s, "minimalImportantDifference", &n.MinimalImportantDifference, f.MinimalImportant, "")
	if f.Biomarker != nil && s.note("biomarker", silence{}) {
		n.Biomarker = *f.Biomarker
	}
	word(s, "definition", &n.Definition, f.Definition)
	return nil
}

type cellSourceFields struct {
	Donor      text                   `yaml:"donor"`
	CellType   maybe[kg.OntologyTerm] `yaml:"cellType"`
	Tissue     maybe[kg.OntologyTerm] `yaml:"tissue"`
	Processing text                   `yaml:"processing"`
}

func (f cellSourceFields) set(n *kg.CellSource, s *sink) error {
	word(s, "donor", &n.Donor, f.Donor)
	given(s, "cellType", &n.CellType, f.CellType)
	given(s, "tissue", &n.Tissue, f.Tissue)
	word(s, "processing", &n.Processing, f.Processing)
	return nil
}

type interventionFields struct {
	Type   text     `yaml:"type"`
	Routes list     `yaml:"routes"`
	Dose   quantity `yaml:"dose"`
	Class  text     `yaml:"class"`
}

func (f interventionFields) set(n *kg.Intervention, s *sink) error {
	word(s, "type", &n.Type, f.Type)
	words(s, "routes", &n.Routes, f.Routes)
	number(s, "dose", &n.Dose, f.Dose, "")
	word(s, "class", &n.Class, f.Class)
	return nil
}

type agentFields struct {
	Type    text `yaml:"type"`
	Country text `yaml:"country"`
}

func (f agentFields) set(n *kg.Agent, s *sink) error {
	word(s, "type", &n.Type, f.Type)
	word(s, "country", &n.Country, f.Country)
	return nil
}

type armFields struct {
	Role        text     `yaml:"role"`
	N           quantity `yaml:"n"`
	Description text     `yaml:"description"`
}

func (f armFields) set(n *kg.Arm, s *sink) error {
	word(s, "role", &n.Role, f.Role)
	number(s, "n", &n.N, f.N, people)
	word(s, "description", &n.Description, f.Description)
	return nil
}

// people is what a bare number of participants counts, in UCUM.
const people = "{patients}"

type trialFields struct {
	Title             text                   `yaml:"title"`
	Acronym           text                   `yaml:"acronym"`
	Design            text                   `yaml:"design"`
	Phase             text                   `yaml:"phase"`
	Status            text                   `yaml:"status"`
	StatusAsOf        text                   `yaml:"statusAsOf"`
	Allocation        text                   `yaml:"allocation"`
	Masking           text                   `yaml:"masking"`
	Enrollment        quantity               `yaml:"enrollment"`
	Countries         list                   `yaml:"countries"`
	CountriesComplete *bool                  `yaml:"countriesComplete"`
	Localities        list                   `yaml:"localities"`
	Dates             maybe[[]kg.DatedEvent] `yaml:"dates"`
	FollowUp          quantity               `yaml:"followUp"`
	Assessments       []quantity             `yaml:"assessments"`
	AssessmentEvery   quantity               `yaml:"assessmentEvery"`
	AssessmentCount   quantity               `yaml:"assessmentCount"`
	WhyStopped        text                   `yaml:"whyStopped"`
	RegistryID        text                   `yaml:"registryId"` // silences only: a number is an xref
	Arms              text                   `yaml:"arms"`       // silences only: arms are in arms.yaml
	Comparator        text                   `yaml:"comparator"` // silences only
}

func (f trialFields) set(n *kg.Trial, s *sink) error {
	word(s, "title", &n.Title, f.Title)
	word(s, "acronym", &n.Acronym, f.Acronym)
	word(s, "design", &n.Design, f.Design)
	word(s, "phase", &n.Phase, f.Phase)
	word(s, "status", &n.Status, f.Status)
	word(s, "statusAsOf", &n.StatusAsOf, f.StatusAsOf)
	word(s, "allocation", &n.Allocation, f.Allocation)
	word(s, "masking", &n.Masking, f.Masking)
	number(s, "enrollment", &n.Enrollment, f.Enrollment, people)
	words(s, "countries", &n.Countries, f.Countries)
	flag(s, "countriesComplete", &n.CountriesComplete, f.CountriesComplete)
	words(s, "localities", &n.Localities, f.Localities)
	dates(s, "dates", &n.Dates, f.Dates)
	number(s, "followUp", &n.FollowUp, f.FollowUp, "")
	if len(f.Assessments) > 0 && s.note("assessments", f.Assessments[0].silence) {
		for _, q := range f.Assessments {
			n.Assessments = append(n.Assessments, *q.value)
		}
	}
	number(s, "assessmentEvery", &n.AssessmentEvery, f.AssessmentEvery, "")
	number(s, "assessmentCount", &n.AssessmentCount, f.AssessmentCount, "{assessments}")
	word(s, "whyStopped", &n.WhyStopped, f.WhyStopped)
	return errors.Join(silent(s, "registryId", f.RegistryID), silent(s, "arms", f.Arms), silent(s, "comparator", f.Comparator))
}

func dates(s *sink, field string, dst *[]kg.DatedEvent, v maybe[[]kg.DatedEvent]) {
	if v.written() && s.note(field, v.silence) {
		*dst = append(*dst, *v.value...)
	}
}

type referenceFields struct {
	Type               text                   `yaml:"type"`
	Title              text                   `yaml:"title"`
	Authors            list                   `yaml:"authors"`
	AuthorsComplete    *bool                  `yaml:"authorsComplete"`
	Journal            text                   `yaml:"journal"`
	Volume             text                   `yaml:"volume"`
	Issue              text                   `yaml:"issue"`
	Pages              text                   `yaml:"pages"`
	DOI                text                   `yaml:"doi"`
	PMID               text                   `yaml:"pmid"`
	URL                text                   `yaml:"url"`
	Language           text                   `yaml:"language"`
	Published          text                   `yaml:"published"` // short for a date with the role PUBLISHED
	Dates              maybe[[]kg.DatedEvent] `yaml:"dates"`
	Publisher          text                   `yaml:"publisher"`
	ConflictOfInterest text                   `yaml:"conflictOfInterest"`
	Disclaimer         text                   `yaml:"disclaimer"`
	Document           *kg.Document           `yaml:"document"`
	Retraction         maybe[kg.Retraction]   `yaml:"retraction"`
	Attribution        text                   `yaml:"attribution"`
	Version            text                   `yaml:"version"`
	Place              text                   `yaml:"place"`
}

func (f referenceFields) set(n *kg.Reference, s *sink) error {
	word(s, "type", &n.Type, f.Type)
	word(s, "title", &n.Title, f.Title)
	words(s, "authors", &n.Authors, f.Authors)
	flag(s, "authorsComplete", &n.AuthorsComplete, f.AuthorsComplete)
	word(s, "journal", &n.Journal, f.Journal)
	word(s, "volume", &n.Volume, f.Volume)
	word(s, "issue", &n.Issue, f.Issue)
	word(s, "pages", &n.Pages, f.Pages)
	word(s, "doi", &n.DOI, f.DOI)
	word(s, "pmid", &n.PMID, f.PMID)
	word(s, "url", &n.URL, f.URL)
	word(s, "language", &n.Language, f.Language)
	if f.Published.written() && s.note("published", f.Published.silence) {
		n.Dates = append(n.Dates, kg.DatedEvent{Role: kg.Published, Date: kg.Date(f.Published.value)})
	}
	dates(s, "dates", &n.Dates, f.Dates)
	word(s, "publisher", &n.Publisher, f.Publisher)
	word(s, "conflictOfInterest", &n.ConflictOfInterest, f.ConflictOfInterest)
	word(s, "disclaimer", &n.Disclaimer, f.Disclaimer)
	if f.Document != nil && s.note("document", silence{}) {
		n.Document = f.Document
	}
	given(s, "retraction", &n.Retraction, f.Retraction)
	word(s, "attribution", &n.Attribution, f.Attribution)
	word(s, "version", &n.Version, f.Version)
	word(s, "place", &n.Place, f.Place)
	return nil
}
