package workflows

import (
	"iter"
	"time"

	"formwork/engine/id"
)

// State is how far a run came. What it holds is saved with the run.
type State struct {
	Position
	Steps   int                       // that were done
	Results map[string]map[string]any // of steps, by their names, in stored form; under inputKey what was filled in or posted
}

// Position is where a run is. One that goes several ways at once is at a position on each of them.
type Position struct {
	Next    string    `json:"next,omitempty"`   // the step that is done next; "": the run, or the way, has ended
	Until   time.Time `json:"until,omitzero"`   // until when it waits; the zero time: it does not, or only for Asked
	Asked   id.ID     `json:"asked,omitzero"`   // what it waits for besides the time; 0: nothing
	Watches bool      `json:"watches,omitzero"` // it waits for a change of the record
	Late    time.Time `json:"late,omitzero"`    // until when it does; the zero time: for ever
	Loops   []Loop    `json:"loops,omitempty"`  // that are under way, the innermost last
	Tried   int       `json:"tried,omitzero"`   // how often the step has failed that is done again
	// Ways are those of the step Next, if it is one that goes several at once and they have not come together yet.
	Ways []Position `json:"ways,omitempty"`
	Any  bool       `json:"any,omitzero"` // they come together when the first of them has ended, else when all have
}

// Loop is a step that does others once for each of some records.
type Loop struct {
	Step string  `json:"step"`
	Left []id.ID `json:"left"` // the records that follow
}

// All are the positions at which something is left to be done: those on its ways, in their order, or where there are none, or they
// have come together, this one.
func (p *Position) All() iter.Seq[*Position] {
	return func(yield func(*Position) bool) { p.each(yield) }
}

func (p *Position) each(yield func(*Position) bool) bool {
	if p.Ended() {
		return true
	}
	if p.together() { // or there are none
		return yield(p)
	}
	for i := range p.Ways {
		if !p.Ways[i].each(yield) {
			return false
		}
	}
	return true
}

// Ended reports whether nothing is left to be done, nor to be waited for.
func (p *Position) Ended() bool { return p.Next == "" && len(p.Loops) == 0 && !p.waits() }

// Waits reports whether it waits, for a time, for what was asked, or for a change, on one of its ways at least.
func (p *Position) Waits() bool {
	for at := range p.All() {
		if at.waits() {
			return true
		}
	}
	return false
}

func (p *Position) waits() bool { return !p.Until.IsZero() || p.Asked != 0 || p.Watches }

// Watching reports whether it waits for a change of the record.
func (p *Position) Watching() bool {
	for at := range p.All() {
		if at.Watches {
			return true
		}
	}
	return false
}

// Due is when it goes on by itself; the zero time: not before what it waits for has come.
func (p *Position) Due() (due time.Time) {
	for at := range p.All() {
		if !at.Until.IsZero() && (due.IsZero() || at.Until.Before(due)) {
			due = at.Until
		}
	}
	return due
}

// OnWays are the steps that are done next on each of several ways which have not ended; nil where there is one.
func (p *Position) OnWays() (steps []string) {
	for at := range p.All() {
		if at != p && at.Next != "" {
			steps = append(steps, at.Next)
		}
	}
	return steps
}

// AllAsked is what it waits for besides the time, on all of its ways.
func (p *Position) AllAsked() (asked []id.ID) {
	for at := range p.All() {
		if at.Asked != 0 {
			asked = append(asked, at.Asked)
		}
	}
	return asked
}

// Asking is where it waits for what was asked; nil: nowhere.
func (p *Position) Asking(asked id.ID) *Position {
	for at := range p.All() {
		if at.Asked == asked {
			return at
		}
	}
	return nil
}

// Again has it do the steps anew in which it waited, on all of its ways; one that lets time pass on one of several still does.
func (p *Position) Again() {
	for at := range p.All() {
		if at.Asked != 0 || at.Watches {
			at.Asked, at.Watches, at.Until, at.Late = 0, false, time.Time{}, time.Time{}
		}
		if at.Until.IsZero() {
			at.Tried = 0
		}
	}
}

// Left is how many records follow in its loops.
func (p *Position) Left() (n int) {
	for _, loop := range p.Loops {
		n += len(loop.Left)
	}
	for i := range p.Ways {
		n += p.Ways[i].Left()
	}
	return n
}

// Forget forgets which records follow in its loops, which then end.
func (p *Position) Forget() {
	p.Loops = nil
	for i := range p.Ways {
		p.Ways[i].Forget()
	}
}

// ready reports whether it goes on now: it does not wait, the time has come, or what it waits for may have.
func (p *Position) ready(now time.Time) bool {
	return len(p.Ways) > 0 || p.Watches || !p.waits() || !p.Until.IsZero() && !p.Until.After(now)
}

// goesOn reports whether there is a next step. Where a loop is under way, it follows on the last of
// those that it does.
func (p *Position) goesOn() bool {
	if n := len(p.Loops); p.Next == "" && n > 0 {
		p.Next = p.Loops[n-1].Step
	}
	return p.Next != ""
}

// together reports whether the ways have come together.
func (p *Position) together() bool {
	for i := range p.Ways {
		if !p.Ways[i].Ended() {
			return false
		}
	}
	return true
}
