package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A member is one member of a JSON object, whose order is kept: it is the order in which the query asked.
type member struct {
	name  string
	value any // []member, []any, or a scalar
}

// readOrdered reads one JSON value.
func readOrdered(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		object := []member{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readOrdered(d)
			if err != nil {
				return nil, err
			}
			s, ok := name.(string)
			if !ok {
				return nil, errors.New("a member without a name")
			}
			object = append(object, member{s, v})
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readOrdered(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// writeTable prints each root field of data as a table. The first list of objects on the way down makes the rows; a column is the
// path to a scalar; what is a list within a row is joined.
func writeTable(w io.Writer, data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readOrdered(d)
	if err != nil {
		return err
	}
	root, _ := v.([]member)
	for i, m := range root {
		if len(root) > 1 {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s\n", m.name)
		}
		if err := writeRows(w, m.name, rowsOf(m.value)); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf finds the rows: the value itself, its items, or those of the first list within it.
func rowsOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []member:
		if list := firstList(v); list != nil {
			return list
		}
	}
	return []any{v}
}

// firstList returns the list that an object pages through: its edges or nodes, or those of its only connection.
func firstList(object []member) []any {
	for _, m := range object {
		if list, ok := m.value.([]any); ok && (m.name == "edges" || m.name == "nodes") {
			return list
		}
	}
	for _, m := range object {
		if inner, ok := m.value.([]member); ok {
			if list := firstList(inner); list != nil {
				return list
			}
		}
	}
	return nil
}

func writeRows(w io.Writer, name string, rows []any) error {
	var columns []string
	cells := make([]map[string]string, len(rows))
	for i, row := range rows {
		cells[i] = map[string]string{}
		flatten(row, "", func(path, text string) {
			if path == "" {
				path = name
			}
			if !slices.Contains(columns, path) {
				columns = append(columns, path)
			}
			if old := cells[i][path]; old != "" && text != "" {
				text = old + "; " + text
			}
			cells[i][path] = text
		})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, row := range cells {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = row[c]
		}
		fmt.Fprintln(t, strings.Join(line, "\t"))
	}
	return t.Flush()
}

// flatten calls cell for every scalar within v. The words that only paging needs are left out of the path.
func flatten(v any, path string, cell func(path, text string)) {
	switch v := v.(type) {
	case []member:
		for _, m := range v {
			p := m.name
			switch {
			case m.name == "edges" || m.name == "nodes" || m.name == "node":
				p = path
			case path != "":
				p = path + "." + m.name
			}
			flatten(m.value, p, cell)
		}
	case []any:
		for _, item := range v {
			flatten(item, path, cell)
		}
	case nil:
		cell(path, "")
	default:
		cell(path, oneCell(fmt.Sprint(v)))
	}
}

// oneCell keeps a text within its cell, and control characters out of the terminal.
func oneCell(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		}
		return r
	}, s)
}
