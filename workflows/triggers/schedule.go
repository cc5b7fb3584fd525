package triggers

import (
	"iter"
	"time"

	"github.com/robfig/cron/v3"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/workflows"
)

// scheduleType runs at times of the clock, on the records that the workflow's condition holds for then, or without an
// object once.
var scheduleType = of[scheduleSettings]("schedule", `{
	"title": "Schedule",
	"description": "At times of the clock, on each record that the condition holds for then; without an object once. A time that passes while nothing runs is made up for once.",
	"required": ["cron"],
	"properties": {
		"cron": {
			"type": "string",
			"pattern": "^[-0-9*/,A-Za-z?]+( [-0-9*/,A-Za-z?]+){4}$",
			"maxLength": 100,
			"title": "Cron",
			"description": "Minute, hour, day of the month, month, day of the week.",
			"examples": ["0 9 * * 1-5"]
		},
		"timezone": {"$ref": "#/$defs/timezone"}}}`)

type scheduleSettings struct {
	Cron     string `json:"cron"`
	Timezone string `json:"timezone"`
}

type scheduled struct {
	timed
	times cron.Schedule
}

func (s *scheduleSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	times, err := cron.ParseStandard(s.Cron)
	if err != nil {
		c.Report(fault.New(fault.Invalid, "workflow.bad_cron", "cron", s.Cron), "/cron")
		return nil
	}
	t := &scheduled{timed: timed{location: location(c, s.Timezone)}, times: times}
	if leap := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); times.Next(leap).IsZero() { // a year with all days there are
		c.Report(fault.New(fault.Invalid, "workflow.never", "cron", s.Cron), "/cron")
	}
	return t
}

// After implements workflows.OnSchedule.
func (s *scheduled) After(last, now time.Time) time.Time {
	if now.After(last) {
		last = now
	}
	return s.times.Next(last.In(s.location))
}

// Between implements workflows.OnTime.
func (s *scheduled) Between(_ func(query.Column) any, from, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for at := s.After(from, from); !at.IsZero() && !at.After(until); at = s.After(at, at) {
			if !yield(at) {
				return
			}
		}
	}
}

// Due implements workflows.OnSchedule.
func (*scheduled) Due(time.Time) query.Filter { return nil }

// timed is what triggers by the clock share.
type timed struct{ location *time.Location }

func (*timed) Allows() workflows.Effect   { return workflows.Waits }
func (*timed) Old() bool                  { return false }
func (t *timed) Location() *time.Location { return t.location }

// once is a time that lies between two, or none.
func once(at, from, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		if at.After(from) && !at.After(until) {
			yield(at)
		}
	}
}

// never are no times.
func never(func(time.Time) bool) {}

// location is a time zone, UTC for none.
func location(c *workflows.Compiling, name string) *time.Location {
	found, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // the server's own zone is nobody's
		c.Report(fault.New(fault.Invalid, "catalog.unknown_timezone", "timezone", name), "/timezone")
		return time.UTC
	}
	return found
}
