package template

import (
	"errors"
	"fmt"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
)

// part is one text in one language. Immutable.
type part struct {
	body     executes
	programs []*expression.Program
}

// shows is a value as people read it.
type shows func(*expression.Program, any) string

// write is the text with the values of a record; "" of no part.
func (p *part) write(eval Eval, show shows) (string, error) {
	if p == nil {
		return "", nil
	}
	w := &writing{part: p, eval: eval, show: show}
	if err := p.body.Execute(w, w); err != nil {
		if w.failed != nil {
			return "", w.failed
		}
		return "", fmt.Errorf("writing a template: %w", err)
	}
	return w.out.String(), nil
}

// writing is a text being written: what its holes ask, and where it goes.
type writing struct {
	part   *part // nil: to see whether it can be
	eval   Eval
	show   shows
	out    strings.Builder
	failed error
}

var errStopped = errors.New("the text is not written further")

// Write implements io.Writer. It ends what is longer than MaxBytes.
func (w *writing) Write(b []byte) (int, error) {
	if w.out.Len()+len(b) > MaxBytes {
		w.failed = fault.New(fault.TooLarge, "template.too_large", "limit", MaxBytes)
		return 0, errStopped
	}
	return w.out.Write(b)
}

// Value is the value of an expression as people read it.
func (w *writing) Value(n int) (string, error) {
	v, err := w.of(n)
	if v == nil || err != nil {
		return "", err
	}
	return w.show(w.part.programs[n], v), nil
}

// Unsubscribe is where the link to unsubscribe stands.
func (*writing) Unsubscribe() string { return UnsubscribeLink }

// Holds reports whether a condition holds.
func (w *writing) Holds(n int) (bool, error) {
	v, err := w.of(n)
	held, _ := v.(bool)
	return held, err
}

func (w *writing) of(n int) (any, error) {
	if w.part == nil {
		return nil, nil
	}
	v, err := w.eval(w.part.programs[n])
	if err != nil {
		w.failed = err
		return nil, errStopped
	}
	return v, nil
}

// cut cuts a source at its first hole. Braces within quotes of an expression do not end it.
func cut(source string) (before, hole, rest string, found, ended bool) {
	before, after, found := strings.Cut(source, "{{")
	if !found {
		return source, "", "", false, false
	}
	quote := byte(0)
	for i := 0; i < len(after); i++ {
		switch c := after[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case strings.HasPrefix(after[i:], "}}"):
			return before, strings.TrimSpace(after[:i]), after[i+2:], true, true
		}
	}
	return before, after, "", true, false
}

// calling is a call with the number of a program; "" where that is none.
func calling(name string, n int) string {
	if n < 0 {
		return ""
	}
	return fmt.Sprint(name, " ", n)
}

// clip shortens what is told of a source.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
