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
)

// Every code that is written in the source has a text in every language.
func TestEveryCodeHasTexts(t *testing.T) {
	seen := 0
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
			if !ok || len(call.Args) < 2 {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || (name.Sel.Name != "New" && name.Sel.Name != "All") {
				return true
			}
			if room, ok := name.X.(*ast.Ident); !ok || room.Name != "fault" {
				return true
			}
			literal, ok := call.Args[1].(*ast.BasicLit)
			if !ok {
				return true
			}
			code, err := strconv.Unquote(literal.Value)
			if err == nil && !fault.Known(code) {
				t.Errorf("%s: code %q lacks a text in some language", path, code)
			}
			seen++
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Fatal("found no code to check")
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
