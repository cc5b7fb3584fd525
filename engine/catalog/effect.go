package catalog

import (
	"slices"
	"strings"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
)

// Classes of impact.
const (
	Free        = "free"        // live at once
	Backfill    = "backfill"    // live at once, with work in the background
	Narrowing   = "narrowing"   // records that break it stay, and are checked when they are next saved
	Destructive = "destructive" // refused unless the change names it
)

// Impact is one thing that a change does to live data.
type Impact struct {
	Class string
	// Path names what it is about: "object/account/fields/x". It is what Change.Allow
	// names.
	Path   string
	Notice *fault.Fault // says it in words
	// Records is how many records it concerns: those that break what is narrowed, are
	// worked on in the background, or hold what is destroyed. nil: it has no number.
	Records *int64
	// Partial: counting was cut off; there are at least Records.
	Partial bool
	Allowed bool // destructive, and named by the change
}

// allows reports whether a path is named, by itself or by a pattern in which * is any text.
func allows(allow []string, path string) bool {
	return slices.ContainsFunc(allow, func(pattern string) bool {
		parts := strings.Split(pattern, "*")
		rest, ok := strings.CutPrefix(path, parts[0])
		if len(parts) == 1 || !ok {
			return ok && rest == ""
		}
		last := len(parts) - 1
		for _, part := range parts[1:last] {
			if _, rest, ok = strings.Cut(rest, part); !ok {
				return false
			}
		}
		return strings.HasSuffix(rest, parts[last])
	})
}

// Effect is an impact with what counts the records that it concerns: those of a table
// that Where selects, all if that is nil. Without a table it has no number.
type Effect struct {
	Impact
	Table string
	Where query.Filter
	// check, on the values of read, tells whether a record that Where selects is concerned.
	read  []query.Ref
	check func(values []any) (bool, error)
	// unique counts the records that share their values of read with others.
	unique bool
	// fold, beside unique, is the form in which the i-th value is compared.
	fold    []func(stored any) string
	silent  bool // has no number
	removes bool // an object: nothing is destroyed if it has no records
	// mild: that it narrows anything is only known by counting; if it does not, it is
	// a free change of settings.
	mild bool
	// counted: it is no impact unless it concerns a record; none: it was found to concern none.
	counted, none bool
	// warns: it is no impact but a warning, if it concerns any record.
	warns bool
}

func impacts(effects []Effect) []Impact {
	all := make([]Impact, 0, len(effects))
	for _, e := range effects {
		if !e.warns && !e.none {
			all = append(all, e.Impact)
		}
	}
	return all
}

// warning is what is told of an effect that warns and has been counted; nil for nothing.
func (e *Effect) warning() *fault.Fault {
	if !e.warns || *e.Records == 0 {
		return nil
	}
	if e.Partial {
		e.Notice.Code += "_at_least"
	}
	e.Notice.Params["records"] = *e.Records
	return e.Notice
}

// Comparison is of two configurations, to tell what the change from one to the other
// does to live data.
type Comparison struct {
	Before, After *Snapshot
	Now           time.Time // the clock of conditions that read it

	effects []Effect
}

// Add tells of an effect. On the records of an object that is new it has no number.
func (c *Comparison) Add(e Effect) {
	if c.Before.Objects[e.Table] == nil && c.After.Objects[e.Table] != nil {
		e.silent = true
	}
	c.effects = append(c.effects, e)
}

// Holding narrows an effect to the records of an object of After for which a condition
// holds. It has no number where that can't be told before the change.
func (c *Comparison) Holding(e Effect, o *Object, condition *expression.Program) Effect {
	e.Table = o.Table.Name
	if condition != nil {
		weigher{c}.holds(o, &e, condition, true)
	}
	return e
}

// effects are those of a change, told by each kind of documents in its turn.
func (k *Kinds) effects(before, after *Snapshot, now time.Time) []Effect {
	c := &Comparison{Before: before, After: after, Now: now}
	for _, kind := range k.order {
		if kind, ok := kind.(Affects); ok {
			kind.Effects(c)
		}
	}
	return c.effects
}

// jobs are those that kinds of documents ask for with a revision.
func (k *Kinds) jobs(before, after *Snapshot) []Job {
	var jobs []Job
	for _, kind := range k.order {
		if kind, ok := kind.(Works); ok {
			jobs = append(jobs, kind.Jobs(before, after)...)
		}
	}
	return jobs
}
