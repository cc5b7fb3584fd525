// Package demo makes believable records from a recipe: JSON that says, for each
// object, how many there are and how each field's value is made. The same recipe,
// seed and day make the same records. No object but that of people is known to the
// code.
package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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
	Teams       []string `json:"teams,omitempty"` // by name
	// Manager is the e-mail of one who comes before.
	Manager string `json:"manager,omitempty"`
	// Sells tells that records are made for this person.
	Sells bool `json:"sells,omitempty"`
}

// Step makes records of one object.
type Step struct {
	Object string `json:"object"`
	// As is another name by which later steps may refer to these records alone.
	As string `json:"as,omitempty"`
	// Share of the size asked for, Rows whatever the size, or Each: some for every
	// record of another object made before, which a "this" value then names. Times
	// says how many, at random between the two.
	Share float64 `json:"share,omitempty"`
	Rows  int     `json:"rows,omitempty"`
	Each  string  `json:"each,omitempty"`
	Times [2]int  `json:"times,omitempty"`
	// Once: nothing is made where the object had a record before, the first of which is then
	// the one that others refer to.
	Once bool `json:"once,omitempty"`
	// Owned spreads the records over the people who sell, or over those of a Team.
	Owned  bool    `json:"owned,omitempty"`
	Team   string  `json:"team,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	// Past says when the records were made and changed; now, when absent.
	Past *Past `json:"past,omitempty"`
	// Take makes no records: in those that were made before, each field takes over the number
	// of another, a roll-up say, where that is above zero.
	Take map[string]string `json:"take,omitempty"`
}

// Field says how a value is made, in exactly one of the ways below Chance.
type Field struct {
	Name string `json:"name,omitempty"`
	Rule
}

// Rule is a way to make a value.
type Rule struct {
	Chance float64 `json:"chance,omitempty"` // that there is a value; always when absent

	Text   string          `json:"text,omitempty"`   // a template: {list}, {#} a running number, {.field} a value made before, {ref.field} one of the record that the field ref refers to, {~…} as part of an address
	Pick   []any           `json:"pick,omitempty"`   // one of these
	Weigh  map[string]int  `json:"weigh,omitempty"`  // one of these, as often as its number says
	Number *Number         `json:"number,omitempty"` // a number of a range
	Days   *[2]int         `json:"days,omitempty"`   // a date, so many days from today
	Hours  *[2]int         `json:"hours,omitempty"`  // an instant, so many hours from now or from the field After
	Ref    string          `json:"ref,omitempty"`    // a record of that object made before
	This   bool            `json:"this,omitempty"`   // the record that the step is made for
	Person string          `json:"person,omitempty"` // the user with this e-mail
	About  []string        `json:"about,omitempty"`  // a record of one of these objects, as {object, id}
	Parts  []Field         `json:"parts,omitempty"`  // an object of values
	Copy   string          `json:"copy,omitempty"`   // "ref.field": a value of the record that the field ref refers to
	Case   map[string]Rule `json:"case,omitempty"`   // by the value of the field By; none for other values

	// LateInQuarter: of two days the one later in its quarter, when people close what they can.
	LateInQuarter bool `json:"late_in_quarter,omitempty"`

	After string `json:"after,omitempty"`
	By    string `json:"by,omitempty"`
}

// Number is a range, evenly spread or with many small and few large values.
type Number struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Large bool  `json:"few_large,omitempty"`
	Round int64 `json:"round,omitempty"` // to a multiple of this; of 1 when absent
}

// Parse reads a recipe and refuses what could not be followed. Of several each goes on where the
// one before ends, and may refer to what that makes.
func Parse(raws ...[]byte) (*Recipe, error) {
	r := Recipe{Lists: map[string][]string{}}
	for _, raw := range raws {
		if err := r.read(raw); err != nil {
			return nil, fmt.Errorf("reading the recipe: %w", err)
		}
	}
	for i, one := range r.People {
		if one.Manager != "" && !slices.ContainsFunc(r.People[:i], func(p Person) bool { return p.Email == one.Manager }) {
			return nil, fmt.Errorf("reading the recipe: nobody before %s has the e-mail %q", one.Email, one.Manager)
		}
	}
	made := map[string]bool{}
	for i, step := range r.Steps {
		if err := r.checkStep(step, made); err != nil {
			return nil, fmt.Errorf("reading the recipe: step %d (%s): %w", i+1, step.Object, err)
		}
		made[step.Object] = true
		if step.As != "" {
			made[step.As] = true
		}
	}
	return &r, nil
}

// read adds what a recipe says.
func (r *Recipe) read(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	var more Recipe
	if err := decoder.Decode(&more); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("something follows it")
	}
	for name, words := range more.Lists {
		if r.Lists[name] != nil {
			return fmt.Errorf("two lists have the name %q", name)
		}
		r.Lists[name] = words
	}
	r.People, r.Steps = append(r.People, more.People...), append(r.Steps, more.Steps...)
	return nil
}

func (r *Recipe) checkStep(s Step, made map[string]bool) error {
	ways := 0
	for _, given := range []bool{s.Share > 0, s.Rows > 0, s.Each != "", len(s.Take) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case s.Object == "":
		return fmt.Errorf("it names no object")
	case ways != 1 || s.Share < 0 || s.Rows < 0:
		return fmt.Errorf("exactly one of share, rows and each says how many, or take what is changed")
	case s.As != "" && made[s.As]:
		return fmt.Errorf("%q is taken", s.As)
	case s.Take != nil && (!made[s.Object] || len(s.Fields) > 0 || s.Once || s.Owned):
		return fmt.Errorf("take changes records that a step before made, and nothing else")
	case s.Each != "" && !made[s.Each]:
		return fmt.Errorf("no step before makes %q", s.Each)
	case s.Times[0] < 0 || s.Times[1] < s.Times[0] || s.Times[1] > farthest || (s.Each != "") != (s.Times[1] > 0):
		return fmt.Errorf("times goes with each, from a number to a larger one")
	case s.Team != "" && (!s.Owned || !r.sells(s.Team)):
		return fmt.Errorf("team goes with owned, and names a team of somebody who sells")
	case s.Past != nil && len(s.Take) > 0:
		return fmt.Errorf("take changes records when they were made, and has no past")
	}
	c := checker{recipe: r, made: made, each: s.Each != "", before: map[string]Rule{}}
	if err := c.fields(s.Fields); err != nil {
		return err
	}
	return c.past(s.Past)
}

// sells reports whether somebody of a team sells.
func (r *Recipe) sells(team string) bool {
	return slices.ContainsFunc(r.People, func(p Person) bool { return p.Sells && slices.Contains(p.Teams, team) })
}

// checker checks the fields of one step.
type checker struct {
	recipe *Recipe
	made   map[string]bool // objects
	each   bool
	before map[string]Rule // fields
}

func (c *checker) fields(fields []Field) error {
	for _, f := range fields {
		if f.Name == "" {
			return fmt.Errorf("a field has no name")
		}
		if err := c.rule(f.Rule); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		c.before[f.Name] = f.Rule
	}
	return nil
}

func (c *checker) rule(r Rule) error {
	ways := []bool{r.Text != "", len(r.Pick) > 0, len(r.Weigh) > 0, r.Number != nil, r.Days != nil, r.Hours != nil, r.Ref != "", r.This, r.Person != "",
		len(r.About) > 0, len(r.Parts) > 0, r.Copy != "", len(r.Case) > 0}
	count := 0
	for _, given := range ways {
		if given {
			count++
		}
	}
	switch {
	case count != 1:
		return fmt.Errorf("there are %d ways to make a value, not one", count)
	case r.Chance < 0 || r.Chance > 1:
		return fmt.Errorf("a chance is between 0 and 1")
	case r.LateInQuarter && r.Days == nil:
		return fmt.Errorf("late_in_quarter goes with days")
	case r.This && !c.each:
		return fmt.Errorf(`"this" needs a step with each`)
	case r.Number != nil && (r.Number.To < r.Number.From || r.Number.Round < 0):
		return fmt.Errorf("the range of the number is upside down")
	case !times(r.Days), !times(r.Hours):
		return fmt.Errorf("the range of the time is upside down, or too far away")
	}
	for name, weight := range r.Weigh {
		if weight < 1 || weight > farthest {
			return fmt.Errorf("the weight of %q is not positive, or too large", name)
		}
	}
	if r.Person != "" && !slices.ContainsFunc(c.recipe.People, func(p Person) bool { return p.Email == r.Person }) {
		return fmt.Errorf("nobody has the e-mail %q", r.Person)
	}
	for _, object := range append(slices.Clone(r.About), r.Ref) {
		if object != "" && !c.made[object] {
			return fmt.Errorf("no step before makes %q", object)
		}
	}
	return c.rest(r)
}

// farthest bounds what is given in days, hours and weights.
const farthest = 1_000_000

// times reports whether a range, if it is given, begins before it ends.
func times(r *[2]int) bool {
	return r == nil || -farthest <= r[0] && r[0] <= r[1] && r[1] <= farthest
}

// rest checks what refers to other fields.
func (c *checker) rest(r Rule) error {
	if r.After != "" && r.Hours == nil || c.before[r.After].Hours == nil && r.After != "" {
		return fmt.Errorf("after goes with hours, and names a field with hours before it")
	}
	if _, known := c.before[r.By]; (r.By != "" || r.Case != nil) && (!known || r.Case == nil) {
		return fmt.Errorf("by goes with case, and names a field before it")
	}
	for value, rule := range r.Case {
		if err := c.rule(rule); err != nil {
			return fmt.Errorf("case %s: %w", value, err)
		}
	}
	if r.Copy != "" {
		if err := c.copies(r.Copy); err != nil {
			return err
		}
	}
	if r.Parts != nil {
		inner := checker{recipe: c.recipe, made: c.made, each: c.each, before: maps.Clone(c.before)}
		if err := inner.fields(r.Parts); err != nil {
			return err
		}
	}
	return c.template(r.Text)
}

// copies checks a path "ref.field".
func (c *checker) copies(path string) error {
	ref, field, ok := strings.Cut(path, ".")
	if from := c.before[ref]; !ok || field == "" || from.Ref == "" && !from.This && from.About == nil && from.Copy == "" {
		return fmt.Errorf("%q does not name a reference before it and a field", path)
	}
	return nil
}

func (c *checker) template(text string) error {
	all, err := slots(text)
	if err != nil {
		return err
	}
	for _, slot := range all {
		name := strings.TrimPrefix(slot, "~")
		if field, own := strings.CutPrefix(name, "."); own {
			if from, known := c.before[field]; !known || !from.always() {
				return fmt.Errorf("{%s} names no field before it that always has a value", slot)
			}
		} else if strings.Contains(name, ".") {
			if err := c.copies(name); err != nil {
				return err
			}
		} else if name != "#" && len(c.recipe.Lists[name]) == 0 {
			return fmt.Errorf("{%s} names no list", slot)
		}
	}
	return nil
}

// always reports whether a rule always makes a value.
func (r Rule) always() bool {
	return r.Chance == 0 && r.Case == nil && r.Ref == "" && r.About == nil && r.Copy == "" && r.After == ""
}

// slots are the {slots} of a template, in order.
func slots(template string) ([]string, error) {
	var found []string
	for {
		_, rest, opened := strings.Cut(template, "{")
		if !opened {
			return found, nil
		}
		slot, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("the template has an open brace: %q", template)
		}
		found, template = append(found, slot), after
	}
}

// object is the object of the records that a step made under a name.
func (r *Recipe) object(name string) string {
	for i := range r.Steps {
		if r.Steps[i].As == name {
			return r.Steps[i].Object
		}
	}
	return name
}

// copied are the names of fields whose values are copied to later records.
func (r *Recipe) copied() map[string]bool {
	names := map[string]bool{}
	add := func(path string) {
		if ref, field, ok := strings.Cut(path, "."); ok && ref != "" {
			names[field] = true
		}
	}
	for _, step := range r.Steps {
		if step.Past != nil {
			add(step.Past.End)
		}
		for _, f := range step.Fields {
			add(f.Copy)
			all, _ := slots(f.Text) // checked when it was read
			for _, slot := range all {
				add(strings.TrimPrefix(slot, "~"))
			}
		}
	}
	return names
}
