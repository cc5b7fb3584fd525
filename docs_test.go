package formwork_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/packages"
	"formwork/plugins/standard"
)

// block is a fenced block of a Markdown file.
type block struct {
	line int
	info []string // after the fence: "json document", "expr opportunity filter"
	text string
}

// blocks reads the fenced blocks of a file.
func blocks(t *testing.T, file string) (all []block) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(raw), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 1, info: strings.Fields(info)}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: a block that does not end", file, open.line)
	}
	return all
}

// The documents of a file are, one after the other, a tenant's own layer; with it
// the standard packages build, and the file's expressions do what it says of them.
func TestExamplesOfTheDocs(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var layers [][]metadata.Document
			for _, set := range packages.All() {
				layers = append(layers, set.Documents)
			}
			all := blocks(t, file)
			for _, b := range all {
				if len(b.info) == 0 || b.info[0] != "json" {
					continue
				}
				if !json.Valid([]byte(b.text)) {
					t.Errorf("%s:%d: this is not JSON", file, b.line)
				} else if len(b.info) == 2 && b.info[1] == "document" {
					d, problems := metadata.Parse([]byte(b.text))
					for _, problem := range problems {
						t.Errorf("%s:%d: %v", file, b.line, problem)
					}
					layers = append(layers, []metadata.Document{d})
				}
			}
			snapshot, problems := catalog.Build(t.Context(), standard.FieldTypes(), standard.Kinds(), 1, metadata.Effective(layers...))
			for _, problem := range problems {
				t.Errorf("%s: %v", file, problem)
			}
			if snapshot == nil {
				return
			}
			for _, b := range all {
				if len(b.info) == 3 && b.info[0] == "expr" {
					checkExpressions(t, file, b, snapshot)
				}
			}
		})
	}
}

// checkExpressions compiles the lines of a block as its info says: as a formula, as
// a filter that runs in the database, or as one that is refused there.
func checkExpressions(t *testing.T, file string, b block, snapshot *catalog.Snapshot) {
	t.Helper()
	scope := expression.Scope{Record: snapshot.Objects[b.info[1]], User: snapshot.Objects["user"], Scale: -1}
	switch b.info[2] {
	case "filter":
		scope.Result, scope.Queryable = fieldtype.BoolKind, true
	case "refused":
		scope.Result, scope.Queryable, scope.Old = fieldtype.BoolKind, true, true
	}
	for _, source := range strings.Split(strings.TrimSpace(b.text), "\n") {
		_, problems := expression.Compile(source, scope)
		if b.info[2] != "refused" {
			for _, problem := range problems {
				t.Errorf("%s:%d: %s: %v", file, b.line, source, problem)
			}
			continue
		}
		refused := false
		for _, problem := range problems {
			refused = refused || problem.Code == "expression.not_queryable"
		}
		if !refused {
			t.Errorf("%s:%d: %s is not refused for running in the database: %v", file, b.line, source, problems)
		}
	}
}
