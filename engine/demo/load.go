package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"formwork/engine/id"
	"formwork/engine/record"
)

// remembered is how many records of an object later ones may refer to; the rest
// are made and forgotten, so that memory does not grow with the size.
const remembered = 20_000

// batch is how many records are saved at once.
const batch = 500

// Loader saves what a recipe makes through a session that may write everything.
type Loader struct {
	Session *record.Session
	Recipe  *Recipe
	Seed    uint64
	Size    int // of the whole, in records; shares are parts of it
	Today   time.Time
	// Owners are the users that own records; each record is owned by one of them.
	Owners []id.ID
	// Progress, if not nil, is told after each batch.
	Progress func(object string, done, total int)
}

// Load makes and saves everything. It stops at the first record that is refused.
func (l *Loader) Load(ctx context.Context) (saved int, err error) {
	m := &maker{recipe: l.Recipe, random: rand.New(rand.NewPCG(l.Seed, 0)), today: l.Today, made: map[string][]made{}, byID: map[string]row{}}
	for _, step := range l.Recipe.Steps {
		n, err := l.step(ctx, m, step)
		saved += n
		if err != nil {
			return saved, fmt.Errorf("making records of %s: %w", step.Object, err)
		}
	}
	return saved, nil
}

// step makes the records of one step, in batches.
func (l *Loader) step(ctx context.Context, m *maker, step Step) (saved int, err error) {
	total := step.Rows
	if total == 0 {
		total = max(1, int(step.Share*float64(l.Size)))
	}
	parents := m.made[step.Each]
	if step.Each != "" {
		total = len(parents)
	}
	var waiting []record.Operation
	flush := func() error {
		outcomes, err := l.Session.Bulk(ctx, step.Object, waiting, true)
		if err != nil {
			return err
		}
		for i, outcome := range outcomes {
			if outcome.Fault != nil {
				return outcome.Fault
			}
			if known := m.made[step.Object]; len(known) < remembered {
				name := outcome.ID.String()
				m.made[step.Object] = append(known, made{name, waiting[i].Data})
				m.byID[name] = waiting[i].Data
			}
		}
		saved += len(waiting)
		waiting = waiting[:0]
		if l.Progress != nil {
			l.Progress(step.Object, saved, total)
		}
		return nil
	}
	for i := range total {
		times, this := 1, (*made)(nil)
		if step.Each != "" {
			times, this = m.within(step.Times), &parents[i]
		}
		for range times {
			data, err := l.row(m, step, this)
			if err != nil {
				return saved, err
			}
			if waiting = append(waiting, record.Operation{Op: "create", Data: data}); len(waiting) == batch {
				if err := flush(); err != nil {
					return saved, err
				}
			}
		}
	}
	if len(waiting) > 0 {
		return saved, flush()
	}
	return saved, nil
}

func (l *Loader) row(m *maker, step Step, this *made) (row, error) {
	m.number++
	data := row{}
	for _, f := range step.Fields {
		value, err := m.value(f, data, this)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if value != nil {
			data[f.Name] = value
		}
	}
	if step.Owned && len(l.Owners) > 0 {
		data["owner"] = l.Owners[m.random.IntN(len(l.Owners))].String()
	}
	return data, nil
}
