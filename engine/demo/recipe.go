// Package demo makes believable records from a recipe: JSON that says, for each
// object, how many there are and how each field's value is made. The same seed
// makes the same records. No object is known to the code.
package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"time"
)

// Recipe says what to make, in order.
type Recipe struct {
	// Lists are words that templates name: {city}.
	Lists map[string][]string `json:"lists"`
	// People are made first, as users; records are spread over them.
	People []Person `json:"people"`
	Steps  []Step   `json:"steps"`
}

// Person is a user of the demonstration.
type Person struct {
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Title       string   `json:"title,omitempty"`
	Role        string   `json:"role,omitempty"`
	Permissions []string `json:"permissions"`
	Language    string   `json:"language,omitempty"`
	// Sells tells that records are made for this person.
	Sells bool `json:"sells,omitempty"`
}

// Step makes records of one object.
type Step struct {
	Object string `json:"object"`
	// Share of the size asked for, or Rows whatever the size.
	Share float64 `json:"share,omitempty"`
	Rows  int     `json:"rows,omitempty"`
	// Each makes a record for every record of another object made before, which a
	// "this" value then names; Times says how often, at random between the two.
	Each  string `json:"each,omitempty"`
	Times [2]int `json:"times,omitempty"`
	// Owned gives each record an owner.
	Owned  bool    `json:"owned,omitempty"`
	Fields []Field `json:"fields"`
}

// Field says how a value is made. Exactly one way is given.
type Field struct {
	Name   string  `json:"name"`
	Chance float64 `json:"chance,omitempty"` // that there is a value; always when absent

	Text   string          `json:"text,omitempty"` // a template: {list}, {#} a running number, {.field} a value made before
	Pick   []any           `json:"pick,omitempty"` // one of these
	Weigh  map[string]int  `json:"weigh,omitempty"`
	Number *Number         `json:"number,omitempty"`
	Days   *[2]int         `json:"days,omitempty"` // a date, so many days from today
	Hours  *[2]int         `json:"hours,omitempty"`
	Ref    string          `json:"ref,omitempty"` // a record of that object made before
	This   bool            `json:"this,omitempty"`
	About  []string        `json:"about,omitempty"` // a record of one of these objects, as {object, id}
	Parts  []Field         `json:"parts,omitempty"` // an object of values
	Copy   string          `json:"copy,omitempty"`  // a value remembered with the record that the field named here refers to: "product.price"
	Case   map[string]Case `json:"case,omitempty"`  // by the value of another field: "stage"
}

// Case makes a value depending on another.
type Case map[string]Field

// Number is a range, evenly spread or with many small and few large values.
type Number struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Large bool    `json:"few_large,omitempty"`
	Round int64   `json:"round,omitempty"` // to a multiple of this; of 1 when absent
}

// Parse reads a recipe strictly.
func Parse(raw []byte) (*Recipe, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var r Recipe
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading the recipe: %w", err)
	}
	return &r, nil
}

// row is what has been made of a record so far.
type row map[string]any

// maker makes values. It is used by one goroutine.
type maker struct {
	recipe *Recipe
	random *rand.Rand
	today  time.Time
	made   map[string][]made // by object
	byID   map[string]row
	number int
}

// made is a record that others may refer to, with the values they may copy.
type made struct {
	id   string
	data row
}

// value makes one value, or nil for none.
func (m *maker) value(f Field, so row, this *made) (any, error) {
	if f.Chance > 0 && m.random.Float64() >= f.Chance {
		return nil, nil
	}
	switch {
	case f.Text != "":
		return m.text(f.Text, so)
	case f.Pick != nil:
		return f.Pick[m.random.IntN(len(f.Pick))], nil
	case f.Weigh != nil:
		return m.weigh(f.Weigh), nil
	case f.Number != nil:
		return m.between(*f.Number), nil
	case f.Days != nil:
		return m.today.AddDate(0, 0, m.within(*f.Days)).Format(time.DateOnly), nil
	case f.Hours != nil:
		return m.today.Add(time.Duration(m.within(*f.Hours)) * time.Hour).Format(time.RFC3339), nil
	case f.Ref != "":
		if found := m.any(f.Ref); found != nil {
			return found.id, nil
		}
		return nil, nil
	case f.This:
		return this.id, nil
	case f.About != nil:
		object := f.About[m.random.IntN(len(f.About))]
		if found := m.any(object); found != nil {
			return map[string]any{"object": object, "id": found.id}, nil
		}
		return nil, nil
	case f.Parts != nil:
		parts := map[string]any{}
		for _, part := range f.Parts {
			value, err := m.value(part, so, this)
			if err != nil {
				return nil, err
			}
			if value != nil {
				parts[part.Name] = value
			}
		}
		return parts, nil
	case f.Copy != "":
		return m.copied(f.Copy, so)
	case f.Case != nil:
		for _, other := range sortedKeys(f.Case) {
			if chosen, ok := f.Case[other][fmt.Sprint(so[other])]; ok {
				return m.value(chosen, so, this)
			}
		}
		return nil, nil
	}
	return nil, fmt.Errorf("field %s says no way to make a value", f.Name)
}

// text fills a template.
func (m *maker) text(template string, so row) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("the template has an open brace: %q", template)
		}
		template = after
		lower := strings.HasPrefix(name, "~") // as part of an address
		name = strings.TrimPrefix(name, "~")
		var piece string
		switch {
		case name == "#":
			piece = fmt.Sprint(m.number)
		case strings.HasPrefix(name, "."):
			piece = fmt.Sprint(so[name[1:]])
		case len(m.recipe.Lists[name]) > 0:
			list := m.recipe.Lists[name]
			piece = list[m.random.IntN(len(list))]
		default:
			return "", fmt.Errorf("there is no list %q", name)
		}
		if lower {
			piece = strings.ToLower(strings.Join(strings.FieldsFunc(piece, func(r rune) bool {
				return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
			}), ""))
		}
		out.WriteString(piece)
	}
}

func (m *maker) weigh(weights map[string]int) string {
	total := 0
	names := sortedKeys(weights)
	for _, name := range names {
		total += weights[name]
	}
	at := m.random.IntN(total)
	for _, name := range names {
		if at -= weights[name]; at < 0 {
			return name
		}
	}
	return names[len(names)-1]
}

func (m *maker) between(n Number) json.Number {
	at := m.random.Float64()
	if n.Large {
		at = at * at * at
	}
	step := max(n.Round, 1)
	value := int64(n.From+at*(n.To-n.From)) / step * step
	return json.Number(fmt.Sprint(value))
}

func (m *maker) within(r [2]int) int { return r[0] + m.random.IntN(r[1]-r[0]+1) }

func (m *maker) any(object string) *made {
	among := m.made[object]
	if len(among) == 0 {
		return nil
	}
	return &among[m.random.IntN(len(among))]
}

// copied finds "ref.field": the value of a field of the record that ref names.
func (m *maker) copied(path string, so row) (any, error) {
	ref, field, ok := strings.Cut(path, ".")
	if !ok {
		return nil, fmt.Errorf("%q is no path to copy from", path)
	}
	name, _ := so[ref].(string)
	return m.byID[name][field], nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
