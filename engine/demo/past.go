package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/id"
)

// Past says when a record was made and, of one that has stages, how it came from one to the
// next. A change is made on a day of its own, in working hours.
type Past struct {
	// Days, at random between the two, lie between one change and the next, and between the
	// last one and now.
	Days [2]int `json:"days"`
	// End names a field with a day or an instant, the record's own or as "ref.field" that of
	// the record to which the field ref refers: the last change is of that time, if it has
	// come.
	End string `json:"end,omitempty"`
	// Ended are the last stages for which End holds; all when absent.
	Ended []string `json:"ended,omitempty"`
	// Stage is the field of stages, and Through, by the last stage, those before it, in order.
	Stage   string              `json:"stage,omitempty"`
	Through map[string][]string `json:"through,omitempty"`
	// Last are fields that get their values with the last stage.
	Last []string `json:"last,omitempty"`
}

// longest bounds the days between two changes, so that no record is older than time.
const longest = 3000

// createdAt is the field of every record with the time at which it was made.
const createdAt = "created_at"

// past checks what is said of the past.
func (c *checker) past(p *Past) error {
	if p == nil {
		return nil
	}
	_, staged := c.before[p.Stage]
	switch {
	case p.Days[0] < 1 || p.Days[1] < p.Days[0] || p.Days[1] > longest:
		return fmt.Errorf("days of the past go from 1 or more to at most %d", longest)
	case p.Stage != "" && !staged:
		return fmt.Errorf("stage names a field")
	case p.Stage == "" && len(p.Through)+len(p.Last)+len(p.Ended) > 0:
		return fmt.Errorf("through, last and ended go with stage")
	}
	for last, stages := range p.Through {
		if len(stages) == 0 || len(stages) > 3 {
			return fmt.Errorf("1 to 3 stages lie before the stage %s", last)
		}
	}
	for _, name := range p.Last {
		if _, known := c.before[name]; !known || name == p.Stage {
			return fmt.Errorf("last names fields beside the stage")
		}
	}
	if strings.Contains(p.End, ".") {
		return c.copies(p.End)
	}
	if _, known := c.before[p.End]; p.End != "" && !known {
		return fmt.Errorf("end names a field")
	}
	return nil
}

// due is a change of a record that is made when all records are there.
type due struct {
	step   *Step
	record id.ID
	at     time.Time
	stage  string
	rest   row // what comes with the last stage
}

// past gives a new record the first of its stages, and returns when it was made and what
// is changed later.
func (m *maker) past(s *Step, made row) (at time.Time, changes []due) {
	p := s.Past
	if p == nil {
		return time.Time{}, nil
	}
	final, _ := made[p.Stage].(string)
	at = m.ended(p, made, final)
	through := p.Through[final]
	if len(through) == 0 {
		return at, nil
	}
	changes = make([]due, len(through))
	for i := len(through) - 1; i >= 0; i-- {
		changes[i] = due{step: s, at: at, stage: final}
		if i+1 < len(through) {
			changes[i].stage = through[i+1]
		}
		at = m.dayBefore(at, p.Days)
	}
	made[p.Stage] = through[0]
	last := &changes[len(changes)-1]
	for _, name := range p.Last {
		value, ok := made[name]
		if !ok {
			continue
		}
		if last.rest == nil {
			last.rest = row{}
		}
		last.rest[name] = value
		delete(made, name)
	}
	return at, changes
}

// ended is when the last change of a record was made.
func (m *maker) ended(p *Past, made row, final string) time.Time {
	if p.End != "" && (p.Ended == nil || slices.Contains(p.Ended, final)) {
		value := made[p.End]
		if strings.Contains(p.End, ".") {
			value = m.copied(p.End, made)
		}
		text, _ := value.(string)
		if at, err := time.Parse(time.RFC3339, text); err == nil && !at.After(m.now) {
			return at
		}
		if day, err := time.Parse(time.DateOnly, text); err == nil && !day.After(m.now) {
			if at := m.working(day); at.Before(m.now) {
				return at
			}
			return m.now.UTC().Truncate(time.Second)
		}
	}
	return m.dayBefore(m.now, p.Days)
}

// dayBefore is a time some days before another.
func (m *maker) dayBefore(at time.Time, days [2]int) time.Time {
	return m.working(at.UTC().AddDate(0, 0, -m.within(days)))
}

// working is a time in the working hours of a day.
func (m *maker) working(day time.Time) time.Time {
	minutes := 8*60 + m.random.IntN(9*60)
	return time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, m.random.IntN(60), 0, time.UTC)
}
