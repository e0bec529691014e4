package kg

import (
	"regexp"
	"strings"
	"time"
)

// A Date is an EDTF date (ISO 8601-2 level 1 as far as evidence needs it): "2016", "2016-08", "2016-08-18",
// with unknown digits as X ("XXXX-10-21" is a 21 October of an unknown year), the qualifiers ? ~ %, and
// intervals "2009-05/2011-12" whose ends may be open ("2005/..").
type Date string

var datePart = regexp.MustCompile(`^[0-9X]{4}(-(0[1-9]|1[0-2]|XX)(-(0[1-9]|[12]\d|3[01]|XX))?)?[?~%]?$`)

// Valid tells whether the date is well formed and, where year, month and day are all given, exists.
func (d Date) Valid() bool {
	parts := strings.Split(string(d), "/")
	if len(parts) > 2 {
		return false
	}
	for _, p := range parts {
		if len(parts) == 2 && (p == "" || p == "..") {
			continue
		}
		if !datePart.MatchString(p) {
			return false
		}
		if p = strings.TrimRight(p, "?~%"); len(p) == 10 && !strings.Contains(p, "X") {
			if _, err := time.Parse(time.DateOnly, p); err != nil {
				return false
			}
		}
	}
	return true
}

// Sortable returns the earliest day of the date as "YYYY-MM-DD", "" when the year is not known.
func (d Date) Sortable() string {
	p, _, _ := strings.Cut(string(d), "/")
	p = strings.TrimRight(p, "?~%")
	if len(p) < 4 || strings.Contains(p[:4], "X") || p[0] == '.' {
		return ""
	}
	for _, tail := range []string{"-01", "-01"} {
		if len(p) < 10 {
			p += tail
		}
	}
	return strings.ReplaceAll(p, "XX", "01")
}

// A DateRole says what happened on a date. A publication date is not the date of the study.
type DateRole string

// The roles of dates.
const (
	Published         DateRole = "PUBLISHED"
	Conducted         DateRole = "CONDUCTED"
	Started           DateRole = "STARTED"
	PrimaryCompletion DateRole = "PRIMARY_COMPLETION"
	Completed         DateRole = "COMPLETED"
	FirstPosted       DateRole = "FIRST_POSTED"
	LastUpdated       DateRole = "LAST_UPDATED"
	ResultsPosted     DateRole = "RESULTS_POSTED"
	ResultsExpected   DateRole = "RESULTS_EXPECTED"
	AsOfRole          DateRole = "AS_OF"
	Held              DateRole = "HELD"
	DateRoleUnclear   DateRole = "UNCLEAR"
)

// A DatedEvent is a date with its role. A forecast is never the date of something that happened.
type DatedEvent struct {
	Role     DateRole `cbor:"1,keyasint" json:"role" yaml:"role"`
	Date     Date     `cbor:"2,keyasint" json:"date" yaml:"date"`
	Forecast bool     `cbor:"3,keyasint,omitempty" json:"forecast,omitempty" yaml:"forecast,omitempty"` // anticipated by the source, not reported
	Remark   string   `cbor:"4,keyasint,omitempty" json:"remark,omitempty" yaml:"remark,omitempty"`
}

func (e DatedEvent) validate(v *validator, field string) {
	v.oneOf(field+".role", string(e.Role), string(Published), string(Conducted), string(Started), string(PrimaryCompletion), string(Completed),
		string(FirstPosted), string(LastUpdated), string(ResultsPosted), string(ResultsExpected), string(AsOfRole), string(Held), string(DateRoleUnclear))
	if !e.Date.Valid() {
		v.fail(field+".date", "is not an EDTF date: "+quote(string(e.Date)))
	}
	v.text(field+".remark", e.Remark, maxText)
}

// firstDay returns the sortable day of the first of the roles that has one, "" when none has.
func firstDay(dates []DatedEvent, roles ...DateRole) string {
	for _, role := range roles {
		for _, d := range dates {
			if s := d.Date.Sortable(); d.Role == role && s != "" {
				return s
			}
		}
	}
	return ""
}

// newest returns a sort key that puts the latest day first and unknown ones last.
func newest(dates []DatedEvent, roles ...DateRole) string {
	if day := firstDay(dates, roles...); day != "" {
		return descending(day)
	}
	return "\xff"
}

// descending turns an ASCII sort key round: what sorted last sorts first.
func descending(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = 0x7f - c&0x7f
	}
	return string(b)
}
