package expression_test

import (
	"strings"
	"testing"

	"formwork/engine/expression"
	"formwork/engine/query"
)

// flat is an environment whose fields cost nothing to read.
type flat struct {
	*world
	values map[string]any
}

func (f flat) Get(p expression.Path) any { return f.values[p.Leaf.Name] }

func BenchmarkEval(b *testing.B) {
	w := newWorldOnce(b)
	env := flat{w, map[string]any{"amount": int64(100056), "stage": "open", "rate": int64(2500), "count": int64(3), "owner": int64(7),
		"name": "Anna", "note": "Bell", "due": "2026-03-01", "industry": "retail", "id": int64(7)}}
	for _, source := range []string{
		"amount > 1000.555",
		`stage == "open"`,
		`stage in ["open", "won"] and amount > 1000`,
		`account.industry == "retail"`,
		"count * amount * (100 - coalesce(rate, 0)) / 100 > 5",
		`trim(name + " " + note) == "Anna Bell"`,
		"due < today() - days(7)",
	} {
		p, problems := expression.Compile(source, w.scope())
		if problems != nil {
			b.Fatal(problems)
		}
		b.Run(source, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Holds(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	w := newWorldOnce(b)
	env := flat{w, map[string]any{"id": int64(7)}}
	p, problems := expression.Compile(`owner == user.id and due < today() - days(7) and amount > 1000.555`, w.scope())
	if problems != nil {
		b.Fatal(problems)
	}
	b.ReportAllocs()
	for b.Loop() {
		if f, err := p.Filter(env); err != nil || f == (query.Filter)(nil) {
			b.Fatal(f, err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	w := newWorldOnce(b)
	scope := w.scope()
	for name, source := range map[string]string{
		"short": `owner == user.id and stage not in ["won", "lost"]`,
		"long":  "amount == 1" + strings.Repeat(" or amount == 1", 400),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := expression.Compile(source, scope); problems != nil {
					b.Fatal(problems)
				}
			}
		})
	}
}
