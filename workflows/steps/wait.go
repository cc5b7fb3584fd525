package steps

import (
	"time"

	"formwork/engine/calendar"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// waitType lets time pass before the run goes on, or a condition come true.
var waitType = of[waitSettings]("wait", workflows.Waits, `{
	"title": "Wait",
	"description": "Goes on after some time, or at a time, or as soon as a condition on the record holds; at once where that has passed, is empty, or holds.",
	"properties": {
		"for": {"$ref": "#/$defs/expression", "title": "For", "examples": ["days(3)"]},
		"calendar": {"$ref": "#/$defs/name", "title": "Calendar", "description": "In whose working time the length counts.", "examples": ["business_hours"]},
		"until": {"$ref": "#/$defs/expression", "title": "Until", "description": "A moment, or a date, which begins at midnight.", "examples": ["closes - days(3)"]},
		"when": {"$ref": "#/$defs/expression", "title": "When", "description": "A condition, which is looked at whenever the record is changed.", "examples": ["stage == 'won'"]},
		"within": {"$ref": "#/$defs/expression", "title": "Within", "description": "For how long the condition is waited for; for ever when absent.", "examples": ["days(14)"]},
		"next": {"$ref": "#/$defs/next"},
		"late": {"$ref": "#/$defs/next", "title": "Late", "description": "The step that follows where the condition did not come true in time."}},
	"oneOf": [{"required": ["for"]}, {"required": ["until"]}, {"required": ["when"]}],
	"dependentRequired": {"calendar": ["for"], "within": ["when"], "late": ["within"]}}`)

type waitSettings struct {
	workflows.Next
	For      string `json:"for"`
	Calendar string `json:"calendar"`
	Until    string `json:"until"`
	When     string `json:"when"`
	Within   string `json:"within"`
	Late     string `json:"late"`
}

func (s *waitSettings) Exits() []workflows.Exit {
	return append(s.Next.Exits(), workflows.Exit{At: "/late", To: s.Late})
}

type waiting struct {
	length, until *expression.Program // one of them
	calendar      *calendar.Calendar  // in whose working time the length counts; nil: all time does
	next          string
}

func (s *waitSettings) Compile(c *workflows.Compiling) workflows.Step {
	if s.When != "" {
		return s.compileWhen(c)
	}
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

// watching waits for a condition.
type watching struct {
	when, within *expression.Program // within is nil: for ever
	next, late   string
}

func (s *waitSettings) compileWhen(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	w := &watching{when: c.Condition(s.When, "/when"), next: s.To, late: s.Late}
	if s.Within != "" {
		w.within = c.Expression(s.Within, fieldtype.DurationKind, -1, "/within")
	}
	return w
}

// Watches implements workflows.Watching.
func (*watching) Watches() {}

func (s *watching) Do(x *workflows.Execution) (workflows.Outcome, error) {
	held, err := x.Holds(s.when)
	if err != nil || held {
		return workflows.Outcome{Next: s.next}, err
	}
	late, again := x.Watched()
	switch {
	case again && !late.IsZero() && !late.After(x.Now()):
		return workflows.Outcome{Next: s.late}, nil
	case !again && s.within != nil:
		v, err := x.Eval(s.within)
		if err != nil {
			return workflows.Outcome{}, err
		}
		if seconds, ok := v.(int64); ok {
			if late = time.UnixMilli(x.Now().UnixMilli() + 1000*seconds); !late.After(x.Now()) {
				return workflows.Outcome{Next: s.late}, nil
			}
		}
	}
	if held, err = x.Acts.Watch(); err == nil && !held {
		held, err = x.Holds(s.when) // it may have been changed before that
	}
	if err != nil || held {
		return workflows.Outcome{Next: s.next}, err
	}
	return workflows.Outcome{Watches: true, Until: late}, nil
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
