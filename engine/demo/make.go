package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"formwork/engine/id"
)

// row is what has been made of a record so far.
type row = map[string]any

// maker makes values. It is used by one goroutine.
type maker struct {
	recipe *Recipe
	random *rand.Rand
	now    time.Time
	made   map[string][]id.ID // by object
	kept   map[id.ID]row      // values that may be copied, of records that have some
	people map[string]id.ID   // by e-mail
	number int                // of the record, over all objects
}

// value makes one value, or nil for none. this is the record that the step is made
// for.
func (m *maker) value(r Rule, so row, this id.ID) any {
	if r.Chance > 0 && m.random.Float64() >= r.Chance {
		return nil
	}
	switch {
	case r.Text != "":
		return m.text(r.Text, so)
	case r.Pick != nil:
		return r.Pick[m.random.IntN(len(r.Pick))]
	case r.Weigh != nil:
		return m.weigh(r.Weigh)
	case r.Number != nil:
		return m.between(*r.Number)
	case r.Days != nil:
		return m.day(r).Format(time.DateOnly)
	case r.Hours != nil:
		return m.instant(r, so)
	case r.Ref != "":
		if found := m.any(r.Ref); found != 0 {
			return found.String()
		}
		return nil
	case r.This:
		return this.String()
	case r.Person != "":
		return m.people[r.Person].String()
	case r.About != nil:
		object := r.About[m.random.IntN(len(r.About))]
		if found := m.any(object); found != 0 {
			return map[string]any{"object": m.recipe.object(object), "id": found.String()}
		}
		return nil
	case r.Parts != nil:
		return m.fields(r.Parts, so, this)
	case r.Copy != "":
		return m.copied(r.Copy, so)
	}
	if chosen, ok := r.Case[fmt.Sprint(so[r.By])]; ok {
		return m.value(chosen, so, this)
	}
	return nil
}

// fields makes the values of fields, those before in the order of the recipe known
// to the later ones.
func (m *maker) fields(fields []Field, so row, this id.ID) row {
	made := row{}
	if so == nil {
		so = made
	}
	for _, f := range fields {
		if v := m.value(f.Rule, so, this); v != nil {
			made[f.Name] = v
		}
	}
	return made
}

// text fills a template, which was checked when the recipe was read.
func (m *maker) text(template string, so row) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		slot, after, _ := strings.Cut(rest, "}")
		out.WriteString(m.slot(slot, so))
		template = after
	}
}

func (m *maker) slot(slot string, so row) string {
	if inner, address := strings.CutPrefix(slot, "~"); address {
		return strings.ToLower(strings.Map(addressLetter, m.slot(inner, so)))
	}
	if slot == "#" {
		return strconv.Itoa(m.number)
	}
	if field, own := strings.CutPrefix(slot, "."); own {
		return fmt.Sprint(so[field])
	}
	if strings.Contains(slot, ".") {
		v := m.copied(slot, so)
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	list := m.recipe.Lists[slot]
	return list[m.random.IntN(len(list))]
}

// addressLetter keeps what may stand in the name of a host or a mailbox.
func addressLetter(r rune) rune {
	if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

func (m *maker) weigh(weights map[string]int) string {
	names, total := make([]string, 0, len(weights)), 0
	for name, weight := range weights {
		names, total = append(names, name), total+weight
	}
	slices.Sort(names)
	at := m.random.IntN(total)
	for _, name := range names {
		if at -= weights[name]; at < 0 {
			return name
		}
	}
	panic("demo: weights do not add up to their sum")
}

func (m *maker) between(n Number) json.Number {
	at := m.random.Float64()
	if n.Large {
		at = at * at * at
	}
	step := max(n.Round, 1)
	value := n.From + int64(at*float64(n.To-n.From+1))
	return json.Number(strconv.FormatInt(max(n.From, value/step*step), 10))
}

func (m *maker) within(r [2]int) int { return r[0] + m.random.IntN(r[1]-r[0]+1) }

// day is some days from today.
func (m *maker) day(r Rule) time.Time {
	day := m.now.AddDate(0, 0, m.within(*r.Days))
	if !r.LateInQuarter {
		return day
	}
	if other := m.now.AddDate(0, 0, m.within(*r.Days)); inQuarter(other) > inQuarter(day) {
		return other
	}
	return day
}

// inQuarter is how many days of its quarter have gone before a day.
func inQuarter(t time.Time) int {
	first := time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	return int(t.Sub(first).Hours() / 24)
}

// instant is on the half hour.
func (m *maker) instant(r Rule, so row) any {
	from := m.now
	if r.After != "" {
		text, _ := so[r.After].(string)
		var err error
		if from, err = time.Parse(time.RFC3339, text); err != nil {
			return nil // the other has no value
		}
	}
	return from.Add(time.Duration(m.within(*r.Hours)) * time.Hour).Truncate(30 * time.Minute).UTC().Format(time.RFC3339)
}

// any is a record of an object made before, 0 if there is none.
func (m *maker) any(object string) id.ID {
	among := m.made[object]
	if len(among) == 0 {
		return 0
	}
	return among[m.random.IntN(len(among))]
}

// copied is the value that "ref.field" names, nil if the record has none.
func (m *maker) copied(path string, so row) any {
	ref, field, _ := strings.Cut(path, ".")
	name, _ := so[ref].(string)
	if about, ok := so[ref].(map[string]any); ok {
		name, _ = about["id"].(string)
	}
	key, _ := id.Parse(name)
	return m.kept[key][field]
}
