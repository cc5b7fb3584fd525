// Package formwork_test checks the house itself: who may import whom.
package formwork_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "formwork/"

// floors are the rooms from top to bottom: a room imports only from floors below
// its own. A folder belongs to the room of its longest prefix here.
var floors = [][]string{
	{"cmd", "examples", "test"},
	{"engine/api"},
	{"engine/enginetest"},
	{"engine/platform"},
	{"admin-ui"},
	{"plugins"},
	{"workflows/runner"},
	{"workflows/steps", "workflows/triggers"},
	{"workflows"},
	{"workflows/fetch"},
	{"workflows/approval", "workflows/inquiry", "workflows/outside", "workflows/webhook", "workflows/sla"},
	{"engine/printing"},
	{"engine/form", "engine/mail", "engine/template"},
	{"engine/link"},
	{"engine/transfer", "engine/connection", "engine/calendar", "engine/demo", "engine/report", "engine/audit", "engine/draft", "engine/file", "engine/notify", "engine/workspace", "engine/live", "engine/collaboration"},
	{"engine/transfer/workbook"},
	{"engine/record"},
	{"engine/record/page"},
	{"engine/record/background", "engine/record/form"},
	{"engine/record/write", "engine/record/explain"},
	{"engine/record/past"},
	{"engine/record/draft", "engine/record/read"},
	{"engine/record/duplicate"},
	{"engine/record/session"},
	{"engine/record/stored"},
	{"engine/auth"},
	{"engine/catalog"},
	{"engine/outbox"},
	{"engine/policy", "engine/job"},
	{"engine/backup/backuptest", "engine/pdf/pdftest"},
	{"engine/migration", "engine/backup", "engine/cell", "engine/beat"},
	{"engine/store/teststore"},
	{"engine/store/sqlite", "engine/store/mongo", "engine/store/s3"},
	{"engine/store/storetest"},
	{"engine/search", "engine/demand"},
	{"engine/store"},
	{"engine/secret"},
	{"engine/expression"},
	{"engine/query"},
	{"metadata/packages"},
	{"metadata/schema"},
	{"metadata/fieldtype"},
	{"metadata"},
	{"engine/budget", "engine/certificate", "engine/pdf"},
	{"engine/id"},
	{"engine/fault"},
	{"engine/message"},
	{"engine/cache"},
}

// forTests are rooms that only tests import, and each other.
var forTests = []string{"engine/enginetest", "engine/store/teststore", "engine/store/storetest", "engine/backup/backuptest", "engine/pdf/pdftest"}

// exceptions are imports against the order of the floors, with the reason.
var exceptions = map[[2]string]string{}

// owned are libraries that only one room knows, with everything below their path.
var owned = map[string][]string{
	"github.com/gofiber/fiber":              {"engine/api"},
	"github.com/valyala/fasthttp":           {"engine/api", "cmd"}, // cmd: as a client that makes load
	"go.mongodb.org/mongo-driver":           {"engine/store/mongo"},
	"github.com/minio/minio-go":             {"engine/store/s3"},
	"modernc.org/sqlite":                    {"engine/store/sqlite"},
	"zombiezen.com/go/sqlite":               {"engine/store/sqlite"},
	"github.com/klauspost/compress":         {"engine/backup"},
	"github.com/open-policy-agent/opa":      {"engine/policy"},
	"github.com/expr-lang/expr":             {"engine/expression"},
	"github.com/alecthomas/kong":            {"cmd"},
	"github.com/KimMachineGun/automemlimit": {"cmd"},
	"golang.org/x/image":                    {"engine/file", "engine/pdf"},
	"codeberg.org/go-pdf/fpdf":              {"engine/pdf"},
	"github.com/ledongthuc/pdf":             {"engine/pdf/pdftest"},
	"golang.org/x/crypto":                   {"engine/auth", "engine/certificate"},
	"github.com/prometheus/client_golang":   {"engine/api"},
	"github.com/santhosh-tekuri/jsonschema": {"metadata/schema", "engine/catalog"},
	"github.com/microcosm-cc/bluemonday":    {"metadata/fieldtype"},
	"github.com/wneessen/go-mail":           {"engine/mail"},
	"github.com/emersion/go-message":        {"engine/mail"},
	"github.com/emersion/go-imap":           {"engine/mail"},
	"github.com/emersion/go-sasl":           {"engine/mail"},
	"github.com/emersion/go-msgauth":        {"engine/mail"},
	"github.com/emersion/go-smtp":           {}, // servers in tests
	"github.com/robfig/cron":                {"workflows/triggers"},
	"github.com/govalues/decimal":           {"metadata/fieldtype", "engine/expression", "engine/record"},
}

// empty names say nothing about what is inside.
var empty = []string{"util", "utils", "common", "helpers", "helper", "types", "models", "core"}

// source is one Go file and what it imports.
type source struct {
	folder, file string
	imports      []string
}

// sources reads the imports of all Go files of this module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			switch {
			case strings.HasPrefix(entry.Name(), ".") && name != ".", entry.Name() == "node_modules", entry.Name() == "testdata",
				name == "data", name == "bin", name == "test/ferretdb", name == "test/gofakes3", name == "test/pebble", name == "test/deploy", name == "test/plain": // modules of their own
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		one := source{folder: path.Dir(name), file: name}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			one.imports = append(one.imports, imported)
		}
		all = append(all, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// room is the room a folder belongs to and its floor; ok is false for none.
func room(folder string) (name string, floor int, ok bool) {
	for i, rooms := range floors {
		for _, r := range rooms {
			if (folder == r || strings.HasPrefix(folder, r+"/")) && len(r) > len(name) {
				name, floor, ok = r, i, true
			}
		}
	}
	return name, floor, ok
}

// roomsBelow reports whether a room has rooms of its own: then each of its folders is
// one, and has to be named.
func roomsBelow(name string) bool {
	for _, rooms := range floors {
		for _, r := range rooms {
			if strings.HasPrefix(r, name+"/") {
				return true
			}
		}
	}
	return false
}

// A room inside of another is told from it, and from what is named like it.
func TestRoomsInsideOfRooms(t *testing.T) {
	for folder, want := range map[string]string{
		"engine/record": "engine/record", "engine/record/read": "engine/record/read", "engine/record/read/x": "engine/record/read",
		"engine/record/reader": "engine/record", "engine/store/sqlite": "engine/store/sqlite", "engine/storage": "",
	} {
		if got, _, _ := room(folder); got != want {
			t.Errorf("%s belongs to the room %q, want %q", folder, got, want)
		}
	}
	_, parent, _ := room("engine/record")
	_, inside, _ := room("engine/record/read")
	if inside <= parent {
		t.Error("a room inside of another does not stand below it")
	}
}

// Imports go downward only. Tests may use whatever is below the floor of the
// program, for they put rooms together.
func TestImportsGoDownward(t *testing.T) {
	for _, s := range sources(t) {
		if s.folder == "." {
			continue
		}
		from, floor, ok := room(s.folder)
		if !ok {
			t.Errorf("%s: the room %s stands on no floor; name it here", s.file, s.folder)
			continue
		}
		if s.folder != from && roomsBelow(from) {
			t.Errorf("%s: %s has rooms of its own; name %s here as one of them", s.file, from, s.folder)
		}
		for _, imported := range s.imports {
			folder, inside := strings.CutPrefix(imported, module)
			if !inside {
				continue
			}
			to, below, ok := room(folder)
			switch {
			case !ok:
				t.Errorf("%s imports %s, which stands on no floor", s.file, imported)
			case slices.Contains(forTests, to) && !slices.Contains(forTests, from) && !strings.HasSuffix(s.file, "_test.go"):
				t.Errorf("%s: %s may not import %s, which is for tests", s.file, from, to)
			case to == from || below > floor || exceptions[[2]string{from, to}] != "":
			case strings.HasSuffix(s.file, "_test.go") && to != "cmd":
			default:
				t.Errorf("%s: %s may not import %s, which is above or beside it", s.file, from, to)
			}
		}
	}
}

// A library that may be changed for another is known in one room. Tests may look
// at things through any.
func TestLibrariesStayInTheirRooms(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.file, "_test.go") {
			continue
		}
		for _, imported := range s.imports {
			for library, rooms := range owned {
				if imported != library && !strings.HasPrefix(imported, library+"/") {
					continue
				}
				if from, _, _ := room(s.folder); !slices.Contains(rooms, from) {
					t.Errorf("%s imports %s, which only %s may", s.file, imported, strings.Join(rooms, ", "))
				}
			}
		}
	}
}

// No room has a name that says nothing.
func TestRoomsHaveNames(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(empty, path.Base(s.folder)) {
			t.Errorf("%s: the name of its package says nothing", s.file)
		}
	}
}

// maxLines is where a file begins to smell.
const maxLines = 800

func TestFilesStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		raw, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(raw, []byte("\n")); lines > maxLines {
			t.Errorf("%s has %d lines", s.file, lines)
		}
	}
}

// The CRM is configuration: no line of the program names one of its objects.
func TestNoCodeNamesAnObjectOfTheCRM(t *testing.T) {
	files, err := filepath.Glob("metadata/packages/sales/object/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no objects found (%v)", err)
	}
	objects := map[string]bool{}
	for _, file := range files {
		objects[strings.TrimSuffix(path.Base(filepath.ToSlash(file)), ".json")] = true
	}
	for _, s := range sources(t) {
		if strings.HasSuffix(s.file, "_test.go") || s.folder == "engine/store/storetest" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), s.file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && objects[text] {
					t.Errorf("%s names the object %s", s.file, text)
				}
			}
			return true
		})
	}
}
