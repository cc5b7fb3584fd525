package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/message"
)

// makers are the functions that are given a code: which of their arguments it is, and
// what knows its texts.
var makers = map[[2]string]struct {
	code  int
	known func(code string) bool
}{
	{"fault", "New"}:   {1, fault.Known},
	{"fault", "All"}:   {1, fault.Known},
	{"message", "New"}: {0, message.Known},
}

// Every code that is written in the source has a text in every language.
func TestEveryCodeHasTexts(t *testing.T) {
	seen := map[[2]string]bool{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			if entry != nil && entry.IsDir() && entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			room, ok := name.X.(*ast.Ident)
			if !ok {
				return true
			}
			made := [2]string{room.Name, name.Sel.Name}
			maker, ok := makers[made]
			if !ok || len(call.Args) <= maker.code {
				return true
			}
			literal, ok := call.Args[maker.code].(*ast.BasicLit)
			if !ok {
				return true
			}
			code, err := strconv.Unquote(literal.Value)
			if err == nil && !maker.known(code) {
				t.Errorf("%s: code %q lacks a text in some language", path, code)
			}
			seen[made] = true
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != len(makers) {
		t.Fatalf("found codes for %v only", seen)
	}
}

func TestInternalErrorsDoNotLeak(t *testing.T) {
	f := fault.From(fmt.Errorf("reading: %w", errors.New("secret path /etc/x")))
	if f.Kind != fault.Internal || f.Code != "internal" {
		t.Fatalf("got %v %q", f.Kind, f.Code)
	}
	for _, language := range fault.Languages {
		if text := f.Text(language); text == "" || strings.Contains(text, "secret") {
			t.Fatalf("%s: %q", language, text)
		}
	}
	if !strings.Contains(f.Error(), "secret") {
		t.Fatal("the log lacks the cause")
	}
}

func TestAllSortsAndKeepsNone(t *testing.T) {
	if fault.All(fault.Invalid, "internal", nil) != nil {
		t.Fatal("no faults must be no error")
	}
	err := fault.All(fault.Invalid, "internal", []*fault.Fault{
		fault.New(fault.Invalid, "b").At("/b"), fault.New(fault.Invalid, "a").At("/a")})
	if got := fault.From(err).Errors[0].Pointer; got != "/a" {
		t.Fatalf("first is %q", got)
	}
}

func TestAllTakesFaultsApart(t *testing.T) {
	rows := fault.From(fault.All(fault.Invalid, "internal", []*fault.Fault{
		fault.New(fault.Invalid, "b").At("/1/b"), fault.New(fault.Invalid, "a").At("/0/a")})).Under("/rows")
	whole := fault.From(fault.All(fault.Invalid, "internal", []*fault.Fault{fault.New(fault.Invalid, "c").At("/name"), rows}))
	var pointers []string
	for _, one := range whole.Errors {
		pointers = append(pointers, one.Pointer)
	}
	if got := strings.Join(pointers, " "); got != "/name /rows/0/a /rows/1/b" {
		t.Fatalf("got %s", got)
	}
}

func TestTextSaysWhatWasMeant(t *testing.T) {
	f := fault.New(fault.Invalid, "expression.unknown_name", "name", "amout", "suggestion", "amount")
	for language, want := range map[string]string{"en": "There is no “amout” here. Did you mean “amount”?", "zh": "此处没有“amout”。是否指“amount”？", "xx": "There is no “amout” here. Did you mean “amount”?"} {
		if got := f.Text(language); got != want {
			t.Errorf("%s: %s", language, got)
		}
	}
	if got := fault.New(fault.Invalid, "expression.unknown_name", "name", "x", "suggestion", "").Text("en"); got != "There is no “x” here." {
		t.Error(got)
	}
}

func TestTextBeginsWithTheSubject(t *testing.T) {
	f := fault.New(fault.Invalid, "field.not_a_number", "value", "x").Of("金额")
	for language, want := range map[string]string{"en": "金额: “x” is not a number.", "zh": "金额：“x”不是数字。"} {
		if got := f.Text(language); got != want {
			t.Errorf("%s: %s", language, got)
		}
	}
}
