package triggers

import (
	"iter"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// momentType runs when a moment of a record has come, or some time before or after that: it follows the moment when that is
// changed, for the records are found by it.
var momentType = of[momentSettings]("moment", `{
	"title": "Moment",
	"description": "When a moment that a record holds has come, or some time before or after it, within seconds. Moments that pass while nothing runs are made up for.",
	"required": ["field"],
	"properties": {
		"field": {"$ref": "#/$defs/name", "title": "Field", "description": "A moment."},
		"after": {"$ref": "#/$defs/length", "title": "After", "description": "How long after it."},
		"before": {"$ref": "#/$defs/length", "title": "Before", "description": "How long before it."},
		"timezone": {"$ref": "#/$defs/timezone"}},
	"not": {"required": ["after", "before"]},
	"$defs": {"length": {"type": "string", "minLength": 2, "maxLength": 40, "examples": ["30m", "1h 30m", "2d"]}}}`)

type momentSettings struct {
	Field    string `json:"field"`
	After    string `json:"after"`
	Before   string `json:"before"`
	Timezone string `json:"timezone"`
}

type atMoment struct {
	timed
	field *catalog.Field
	after time.Duration
}

func (s *momentSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	f := c.Field(c.Object(), s.Field, "/field")
	if f == nil {
		return nil
	}
	if f.Value.Kind() != fieldtype.DatetimeKind || f.Column.Storage != fieldtype.Int {
		c.Report(fault.New(fault.Invalid, "workflow.no_moment", "field", s.Field), "/field")
		return nil
	}
	return &atMoment{timed: timed{location: location(c, s.Timezone)}, field: f, after: lengthOf(c, s.After, "/after") - lengthOf(c, s.Before, "/before")}
}

// lengthOf reads a length of time as a field of durations does.
func lengthOf(c *workflows.Compiling, text, at string) time.Duration {
	if text == "" {
		return 0
	}
	length, problem := workflows.ReadLength(text)
	if problem != nil {
		c.Report(problem, at)
		return 0
	}
	return length
}

// Moment implements workflows.OnMoment.
func (m *atMoment) Moment() (*catalog.Field, time.Duration) { return m.field, m.after }

// Between implements workflows.OnTime.
func (m *atMoment) Between(value func(query.Column) any, from, until time.Time) iter.Seq[time.Time] {
	of, ok := value(m.field.Column).(int64)
	if !ok {
		return never
	}
	return once(time.UnixMilli(of).Add(m.after), from, until)
}

// Watches lists the field that it reads.
func (m *atMoment) Watches() []string { return []string{m.field.Name} }
