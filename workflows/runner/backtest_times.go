package runner

import (
	"cmp"
	"slices"
	"time"

	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/workflows"
)

// betweenLooks is how many times are decided between two looks at the clock.
const betweenLooks = 500

// times is a back-test of what the clock sets off: on each record, by how it was at the times in question.
type times struct {
	*backtesting
	trigger workflows.OnTime
}

func (p times) walk(since time.Time) (walked record.PastWalked, err error) {
	if p.workflow.Object == nil {
		err = p.during(&record.PastStretch{From: since, Until: p.began})
		walked.Since, walked.Partial = since, p.enough()
	} else {
		walked, err = p.system.Stretches(p.ctx, p.workflow.Object.Doc.Name, since, p.began, p.bounds(), p.during)
	}
	left := maxTried
	for i := range p.Examples {
		if e := &p.Examples[i]; e.tries {
			e.tries = left > 0
			left--
		}
	}
	return walked, err
}

// during decides on the times at which the trigger comes for a record while it is as it was in a stretch.
func (p times) during(of *record.PastStretch) error {
	steady := p.workflow.Filter != nil && !p.workflow.Filter.UsesClock() // it holds at all of them, or at none
	looked := 0
	for at := range p.trigger.Between(p.valueOf(of), of.From, of.Until) {
		if looked++; looked%betweenLooks == 0 && p.enough() {
			return nil // the walk ends, too
		}
		if !steady || looked == 1 {
			holds, err := p.holdsAt(of, at)
			if err != nil {
				return err
			}
			if !holds && steady {
				return nil
			}
			if !holds {
				continue
			}
		}
		p.fires(at)
		p.keep(Firing{Record: of.Record, At: at, tries: of.There || p.workflow.Object == nil})
	}
	return nil
}

// valueOf tells what is stored of a record.
func (p times) valueOf(of *record.PastStretch) func(query.Column) any {
	return func(c query.Column) any { return p.system.ValueOf(p.workflow.Object, of.Row, c) }
}

// holdsAt decides the condition on a record at a time. One that runs in the database does not hold where it can't be computed.
func (p times) holdsAt(of *record.PastStretch, at time.Time) (bool, error) {
	env, err := p.env(0)
	if err != nil {
		return false, err
	}
	env.Row, env.Clock = of.Row, at
	if p.workflow.Filter == nil {
		return p.holds(env)
	}
	return env.Holds(p.workflow.Filter), env.Failed()
}

// keep keeps an example if it is one of the newest.
func (p times) keep(e Firing) {
	at, _ := slices.BinarySearchFunc(p.Examples, e, func(a, b Firing) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Record, a.Record))
	})
	if at < maxExamples {
		p.Examples = slices.Insert(p.Examples, at, e)
		p.Examples = p.Examples[:min(len(p.Examples), maxExamples)]
	}
}
