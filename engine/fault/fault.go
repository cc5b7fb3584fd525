// Package fault is the one error type of the program: a closed set of kinds, a
// stable code that clients may rely on, a place in the caller's input and the
// parameters of a message that is rendered in the caller's language.
//
// A fault never carries an internal text to a client: what caused it is kept
// for the log (Unwrap) and not rendered.
package fault

import (
	"errors"
	"fmt"
	"sort"

	"formwork/engine/message"
)

// Kind says what went wrong in the terms that decide how a caller goes on.
// HTTP statuses are chosen from it in exactly one place, engine/api.
type Kind uint8

const (
	Internal        Kind = iota // the program's or its environment's mistake
	Malformed                   // the request can't be read at all
	Invalid                     // it can be read, and says something that does not hold
	Unauthenticated             // nobody is logged in
	Forbidden                   // the caller may not
	NotFound                    // no such thing, or none that the caller may know of
	Conflict                    // it contradicts what is stored
	Stale                       // what the caller knew has changed since
	TooLarge                    // over a limit of size
	Limited                     // over a limit of rate or cost
	Unavailable                 // try again later
	Full                        // no room is left to keep anything
)

// Fault is an error with a kind and a stable code. It is immutable once it has
// been returned; the methods that change one are for the place that makes it.
type Fault struct {
	Kind    Kind
	Code    string         // stable, dotted: "record.not_found"
	Params  map[string]any // fill the {name} places of the code's text
	Pointer string         // JSON pointer into what the caller sent, "" for all of it
	Subject string         // what Pointer leads to, as people know it: a field's label; its text begins with it
	Errors  []*Fault       // several at once
	cause   error
}

// New makes a fault. params are name, value pairs for the text of the code:
//
//	fault.New(fault.NotFound, "record.not_found", "object", "lead", "id", id)
func New(kind Kind, code string, params ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Params: message.Params(params)}
}

// At sets the JSON pointer of the input the fault speaks of.
func (f *Fault) At(pointer string) *Fault { f.Pointer = pointer; return f }

// Under puts prefix before the pointers of the fault and of those inside it.
func (f *Fault) Under(prefix string) *Fault {
	f.Pointer = prefix + f.Pointer
	for _, e := range f.Errors {
		e.Under(prefix)
	}
	return f
}

// Of names what the fault speaks of, in the language of the caller, where its text
// alone does not.
func (f *Fault) Of(subject string) *Fault { f.Subject = subject; return f }

// Because keeps the cause for the log; it is never rendered.
func (f *Fault) Because(err error) *Fault { f.cause = err; return f }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.cause }

// Error is the English text with the cause, for logs.
func (f *Fault) Error() string {
	s := f.Code + ": " + f.Text("en")
	if f.Pointer != "" {
		s = f.Pointer + ": " + s
	}
	for _, e := range f.Errors {
		s += "; " + e.Error()
	}
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// All makes one fault of several, sorted by pointer and code; nil of none.
// The kind and code are those of the whole. Those that are several themselves are
// taken apart, so that Errors are single faults.
func All(kind Kind, code string, several []*Fault) error {
	if len(several) == 0 {
		return nil
	}
	f := New(kind, code)
	for _, one := range several {
		f.Errors = append(f.Errors, one.Each()...)
	}
	sort.SliceStable(f.Errors, func(i, j int) bool {
		a, b := f.Errors[i], f.Errors[j]
		if a.Pointer != b.Pointer {
			return a.Pointer < b.Pointer
		}
		return a.Code < b.Code
	})
	return f
}

// Each is the single faults in one: those it is made of, or itself.
func (f *Fault) Each() []*Fault {
	if len(f.Errors) == 0 {
		return []*Fault{f}
	}
	var single []*Fault
	for _, e := range f.Errors {
		single = append(single, e.Each()...)
	}
	return single
}

// From returns the fault in err's chain, or wraps err as an internal one.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "internal").Because(err)
}

// Is reports whether err carries a fault of this code.
func Is(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

// KindOf returns the kind of err; Internal for what is no fault, nil included.
func KindOf(err error) Kind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}

var kindNames = [...]string{"internal", "malformed", "invalid", "unauthenticated", "forbidden",
	"not_found", "conflict", "stale", "too_large", "limited", "unavailable", "full"}

// Breaks reports whether a fault of the kind ends all that is under way: the program, or
// what it stands on, can't go on, and nobody can do anything about it by asking for
// something else.
func (k Kind) Breaks() bool { return k == Internal || k == Unavailable || k == Full }

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}
