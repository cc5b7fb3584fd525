package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"formwork/engine/api/openapi"
)

var update = flag.Bool("update", false, "write comments.json anew")

// Each route has a name of its own and says what it does; each parameter too.
func TestRoutesAreDescribed(t *testing.T) {
	names, parameters := map[string]bool{}, 0
	for _, rt := range (&Server{}).routes() {
		at := rt.method + " " + rt.path
		if rt.name == "" || names[rt.name] || rt.says == "" {
			t.Errorf("%s: its name %q is not its own, or it does not say what it does", at, rt.name)
		}
		names[rt.name] = true
		if rt.ofRecords() != (rt.uses != nil) {
			t.Errorf("%s: does not say who has a use of it, or says so and is of no object's records", at)
		}
		if rt.ofRecords() && strings.Count(rt.name, "Record") != 1 {
			t.Errorf("%s: the name %q has no place for the object's", at, rt.name)
		}
		if statusTexts[rt.answers.status] == "" {
			t.Errorf("%s: does not say how it answers", at)
		}
		if reads := rt.method == get || rt.method == remove; reads && rt.sends.of != nil {
			t.Errorf("%s: has a body", at)
		}
		for _, p := range rt.takes {
			parameters++
			if p.says == "" || p.schema["type"] == nil {
				t.Errorf("%s: parameter %s has no type or no description", at, p.name)
			}
		}
	}
	if parameters == 0 {
		t.Fatal("no route takes a parameter")
	}
}

// Different objects make different names.
func TestCamel(t *testing.T) {
	seen := map[string]string{}
	for name, want := range map[string]string{"account": "Account", "opportunity_line": "OpportunityLine", "a_1": "A_1", "a1": "A1", "a_b": "AB",
		"ab": "Ab", "a__b": "A_B", "a_": "A_", "a_1b": "A_1b", "a1_b": "A1B"} {
		got := camel(name)
		if got != want || seen[got] != "" {
			t.Errorf("%s became %s, as %s did; want %s", name, got, seen[got], want)
		}
		seen[got] = name
	}
}

// comments.json holds what the sources say of the types that are described.
func TestComments(t *testing.T) {
	found := map[string]string{}
	sources := map[string][]*ast.File{}
	schemas := newSchemas(func(of reflect.Type, member string) string {
		if _, known := sources[of.PkgPath()]; !known {
			sources[of.PkgPath()] = sourcesOf(t, of.PkgPath())
		}
		if text := commentIn(sources[of.PkgPath()], of, member); text != "" {
			found[commentKey(of, member)] = text
		} else if member == "" {
			t.Errorf("%s has no doc comment", of)
		}
		return ""
	})
	any := openapi.Schema{"type": "object"}
	bound := schemas.Bind("thing", map[reflect.Type]openapi.Schema{reflect.TypeFor[Record](): any, reflect.TypeFor[NewRecord](): any, reflect.TypeFor[RecordPatch](): any})
	schemas.Of(reflect.TypeFor[Problem]())
	for _, rt := range (&Server{}).routes() {
		for _, of := range []reflect.Type{rt.sends.of, rt.answers.of} {
			if of != nil {
				bound.Of(of)
			}
		}
	}
	want, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("comments.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(want, commentsFile) {
		t.Error("comments.json is not what the sources say: go test ./engine/api -run TestComments -update")
	}
}

// sourcesOf reads the sources of a package of this module.
func sourcesOf(t *testing.T, pkg string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("../..", filepath.FromSlash(strings.TrimPrefix(pkg, "formwork/")), "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no sources of %s (%v)", pkg, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(token.NewFileSet(), name, nil, goparser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// commentIn is the doc comment of a type, or of its field with a name in JSON, on one line.
func commentIn(files []*ast.File, of reflect.Type, member string) string {
	name, _, _ := strings.Cut(of.Name(), "[")
	for _, file := range files {
		for _, declared := range file.Decls {
			group, ok := declared.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				one, ok := spec.(*ast.TypeSpec)
				if !ok || one.Name.Name != name {
					continue
				}
				if member == "" {
					return oneLine(one.Doc, group.Doc)
				}
				return memberComment(one, member)
			}
		}
	}
	return ""
}

func memberComment(of *ast.TypeSpec, member string) string {
	for _, field := range of.Type.(*ast.StructType).Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return ""
		}
		if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ","); name == member {
			return oneLine(field.Doc, field.Comment)
		}
	}
	return ""
}

// oneLine is the text of the first comment that is there, as sentences.
func oneLine(comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
			return strings.ToUpper(text[:1]) + text[1:]
		}
	}
	return ""
}
