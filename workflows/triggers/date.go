package triggers

import (
	"iter"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// dateType runs once a day, on the records that a date of theirs has come for: it follows the date when that
// is changed, for the records are found by it.
var dateType = of[dateSettings]("date", `{
	"title": "Date",
	"description": "Some days before or after a date of each record, at a time of day. Days that pass while nothing runs are made up for.",
	"required": ["field"],
	"properties": {
		"field": {"$ref": "#/$defs/name", "title": "Field", "description": "A date, or a moment, whose day counts."},
		"days": {"type": "integer", "minimum": -3660, "maximum": 3660, "default": 0, "title": "Days", "description": "After the date; before it when negative."},
		"at": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "title": "At", "description": "The time of day; midnight when absent.", "examples": ["09:00"]},
		"timezone": {"$ref": "#/$defs/timezone"}}}`)

type dateSettings struct {
	Field    string `json:"field"`
	Days     int    `json:"days"`
	At       string `json:"at"`
	Timezone string `json:"timezone"`
}

type dated struct {
	timed
	field        string
	column       query.Column
	moment       bool // the field holds moments
	days         int
	hour, minute int
}

func (s *dateSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	f := c.Field(c.Object(), s.Field, "/field")
	if f == nil {
		return nil
	}
	kind := f.Value.Kind()
	if kind != fieldtype.DateKind && kind != fieldtype.DatetimeKind || f.Column.Storage == fieldtype.None {
		c.Report(fault.New(fault.Invalid, "workflow.no_date", "field", s.Field), "/field")
		return nil
	}
	d := &dated{timed: timed{location: location(c, s.Timezone)}, field: s.Field, column: f.Column, moment: kind == fieldtype.DatetimeKind, days: s.Days}
	if at, err := time.Parse("15:04", s.At); err == nil {
		d.hour, d.minute = at.Hour(), at.Minute()
	}
	return d
}

// After implements workflows.OnSchedule.
func (d *dated) After(last, _ time.Time) time.Time {
	day := last.In(d.location)
	next := time.Date(day.Year(), day.Month(), day.Day(), d.hour, d.minute, 0, 0, d.location)
	if !next.After(last) {
		next = time.Date(day.Year(), day.Month(), day.Day()+1, d.hour, d.minute, 0, 0, d.location)
	}
	return next
}

// Due implements workflows.OnSchedule.
func (d *dated) Due(at time.Time) query.Filter {
	day := at.In(d.location)
	of := time.Date(day.Year(), day.Month(), day.Day()-d.days, 0, 0, 0, 0, d.location)
	if !d.moment {
		return query.Is(d.column, of.Format(time.DateOnly))
	}
	until := time.Date(of.Year(), of.Month(), of.Day()+1, 0, 0, 0, 0, d.location)
	field := query.Field(d.column)
	return query.All{query.Compare{Ref: field, Op: query.Ge, Value: of.UnixMilli()}, query.Compare{Ref: field, Op: query.Lt, Value: until.UnixMilli()}}
}

// Between implements workflows.OnTime.
func (d *dated) Between(value func(query.Column) any, from, until time.Time) iter.Seq[time.Time] {
	var day time.Time
	switch v := value(d.column).(type) {
	case int64:
		day = time.UnixMilli(v).In(d.location)
	case string:
		of, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return never
		}
		day = of
	default:
		return never
	}
	return once(time.Date(day.Year(), day.Month(), day.Day()+d.days, d.hour, d.minute, 0, 0, d.location), from, until)
}

// Watches lists the field that it reads.
func (d *dated) Watches() []string { return []string{d.field} }
