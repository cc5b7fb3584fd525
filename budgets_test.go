package formwork_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// smallestUntrusted is the memory of a server for tenants who are not trusted, as docs/security.md
// says, and how many hundredths of it the process keeps to.
const smallestUntrusted, keptTo = 9 << 30, 85

// roomsOfBudgets are where the constants stand that the table names.
var roomsOfBudgets = map[string]string{
	"api": "engine/api", "budget": "engine/budget", "catalog": "engine/catalog", "draft": "engine/record/draft", "drafted": "engine/draft",
	"fetch": "workflows/fetch", "mail": "engine/mail", "pdf": "engine/pdf", "printing": "engine/printing",
	"fieldtype": "metadata/fieldtype", "form": "engine/record/form",
	"formwork": "cmd/formwork", "job": "engine/job", "policy": "engine/policy", "read": "engine/record/read", "session": "engine/record/session", "sqlite": "engine/store/sqlite",
	"outside": "workflows/outside", "runner": "workflows/runner", "write": "engine/record/write",
}

var (
	budgetRow = regexp.MustCompile("(?m)^\\| [^|]+ \\| (?:`([^`|]+)`)? ?\\| ([0-9]+) \\|$")
	named     = regexp.MustCompile(`[a-z]+\.[a-zA-Z]+`)
)

// The budgets of docs/security.md are those of the sources, and together fit into the memory
// that the page asks for.
func TestBudgetsOfMemory(t *testing.T) {
	raw, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]map[string]string{}
	for name, folder := range roomsOfBudgets {
		constants[name] = constantsOf(t, folder)
	}
	var sum int64
	rows := budgetRow.FindAllStringSubmatch(string(raw), -1)
	if len(rows) < 2 {
		t.Fatal("there is no table of budgets")
	}
	for _, row := range rows {
		bytes := sum // the last row is that of all
		if row[1] != "" {
			bytes = evaluate(t, row[1], constants)
			sum += bytes
		}
		if said, _ := strconv.ParseInt(row[2], 10, 64); said != (bytes+1<<19)>>20 {
			t.Errorf("%s is %d MiB, not %d", row[0], (bytes+1<<19)>>20, said)
		}
	}
	if most := int64(smallestUntrusted / 100 * keptTo); sum > most {
		t.Errorf("%d bytes may be held together, and the process keeps to %d", sum, most)
	}
}

// constantsOf are the constants of a folder, as they are written.
func constantsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			if group, ok := declared.(*ast.GenDecl); ok && group.Tok == token.CONST {
				addConstants(all, group)
			}
		}
	}
	return all
}

func addConstants(all map[string]string, group *ast.GenDecl) {
	for _, one := range group.Specs {
		spec := one.(*ast.ValueSpec)
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				all[name.Name] = types.ExprString(spec.Values[i])
			}
		}
	}
}

// evaluate is the value of an expression over constants of several rooms.
func evaluate(t *testing.T, expression string, constants map[string]map[string]string) int64 {
	t.Helper()
	spelt := named.ReplaceAllStringFunc(expression, func(name string) string {
		room, constant, _ := strings.Cut(name, ".")
		value, ok := constants[room][constant]
		if !ok {
			t.Fatalf("%s: there is no constant %s", expression, name)
		}
		for other, is := range constants[room] { // one in terms of another
			value = regexp.MustCompile(`\b`+other+`\b`).ReplaceAllString(value, "("+is+")")
		}
		return "(" + value + ")"
	})
	is, err := types.Eval(token.NewFileSet(), nil, token.NoPos, spelt)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", expression, err))
	}
	bytes, _ := constant.Int64Val(constant.ToInt(is.Value))
	return bytes
}
