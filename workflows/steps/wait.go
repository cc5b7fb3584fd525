package steps

import (
	"time"

	"formwork/engine/calendar"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// waitType lets time pass before the run goes on.
var waitType = of[waitSettings]("wait", workflows.Waits, `{
	"title": "Wait",
	"description": "Goes on after some time, or at a time; at once where that has passed or is empty.",
	"properties": {
		"for": {"$ref": "#/$defs/expression", "title": "For", "examples": ["days(3)"]},
		"calendar": {"$ref": "#/$defs/name", "title": "Calendar", "description": "In whose working time the length counts.", "examples": ["business_hours"]},
		"until": {"$ref": "#/$defs/expression", "title": "Until", "description": "A moment, or a date, which begins at midnight.", "examples": ["closes - days(3)"]},
		"next": {"$ref": "#/$defs/next"}},
	"oneOf": [{"required": ["for"]}, {"required": ["until"]}],
	"dependentRequired": {"calendar": ["for"]}}`)

type waitSettings struct {
	workflows.Next
	For      string `json:"for"`
	Calendar string `json:"calendar"`
	Until    string `json:"until"`
}

type waiting struct {
	length, until *expression.Program // one of them
	calendar      *calendar.Calendar  // in whose working time the length counts; nil: all time does
	next          string
}

func (s *waitSettings) Compile(c *workflows.Compiling) workflows.Step {
	if s.For != "" {
		w := &waiting{length: c.Expression(s.For, fieldtype.DurationKind, -1, "/for"), next: s.To}
		if s.Calendar != "" {
			w.calendar = c.Calendar(s.Calendar, "/calendar")
		}
		return w
	}
	until := c.Expression(s.Until, fieldtype.AnyKind, -1, "/until")
	if until != nil && until.Kind() != fieldtype.DateKind && until.Kind() != fieldtype.DatetimeKind {
		c.Report(fault.New(fault.Invalid, "workflow.not_a_time"), "/until")
	}
	return &waiting{until: until, next: s.To}
}

func (s *waiting) Do(x *workflows.Execution) (workflows.Outcome, error) {
	until, err := s.time(x)
	if err != nil || !until.After(x.Now()) {
		return workflows.Outcome{Next: s.next}, err
	}
	return workflows.Outcome{Next: s.next, Until: until}, nil
}

// time is until when the run waits; the zero time: it does not.
func (s *waiting) time(x *workflows.Execution) (time.Time, error) {
	if s.length != nil {
		v, err := x.Eval(s.length)
		seconds, _ := v.(int64)
		if err == nil && s.calendar != nil {
			return s.calendar.AddSeconds(x.Now(), seconds)
		}
		return time.UnixMilli(x.Now().UnixMilli() + 1000*seconds), err
	}
	v, err := x.Eval(s.until)
	switch v := v.(type) {
	case int64:
		return time.UnixMilli(v), err
	case string:
		day, _ := time.ParseInLocation(time.DateOnly, v, x.Location())
		return day, err
	}
	return time.Time{}, err
}
