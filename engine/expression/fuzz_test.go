package expression_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// seeds are the expressions of the data files.
func seeds(f *testing.F) []string {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no data files", err)
	}
	var all []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var cases []testCase
		if err := json.Unmarshal(raw, &cases); err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			all = append(all, c.Expression)
		}
	}
	return all
}

// FuzzCompile: whatever is written, there is a program that runs, or problems that
// have a code and a place in the text.
func FuzzCompile(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		w := newWorldOnce(t)
		maker{rand.New(rand.NewPCG(1, uint64(len(source)))), true}.populate(w)
		w.old = w.record
		scope := expression.Scope{Record: w.objects["deal"], User: w.objects["user"], Old: true, Scale: -1}
		p, problems := expression.Compile(source, scope)
		if (p == nil) == (len(problems) == 0) {
			t.Fatalf("neither a program nor problems, or both: %v", problems)
		}
		lines := strings.Split(source, "\n")
		for _, problem := range problems {
			if !fault.Known(problem.Code) || problem.Line < 1 || problem.Line > len(lines) ||
				problem.Column < 1 || problem.Column > utf8.RuneCountInString(lines[problem.Line-1])+1 {
				t.Fatalf("%q: %v", source, problem)
			}
			if text := problem.Fault("").Text("zh"); strings.Contains(text, "{") && !strings.Contains(source, "{") && problem.Code != "expression.unsupported" {
				t.Fatalf("%q: %s has a place without a value: %s", source, problem.Code, text)
			}
		}
		if p == nil {
			return
		}
		var coded *fault.Fault
		if _, err := p.Eval(w); err != nil && !errors.As(err, &coded) {
			t.Fatalf("%q: %v", source, err)
		}
	})
}

// FuzzFilter: a condition that runs in the database selects what it holds for.
func FuzzFilter(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add(s, uint64(i))
	}
	for seed := range uint64(200) {
		m := maker{rand.New(rand.NewPCG(seed, 9)), true}
		f.Add(m.condition(3), seed)
	}
	f.Fuzz(func(t *testing.T, source string, seed uint64) {
		w := newWorldOnce(t)
		scope := w.scope()
		scope.Result, scope.Queryable = fieldtype.BoolKind, true
		p, _ := expression.Compile(source, scope)
		if p == nil {
			return
		}
		m := maker{rand.New(rand.NewPCG(seed, 7)), true}
		for range 4 {
			m.populate(w)
			held, err := p.Holds(w)
			filter, failed := p.Filter(env{w})
			if err != nil || failed != nil {
				continue // what does not fit into a number, in the part that either computes
			}
			if query.Match(filter, w.Ref) != held {
				t.Fatalf("%q\nholds: %t\nfilter: %#v\nrecord: %v\nuser: %v", source, held, filter, w.record, w.user)
			}
		}
	})
}
