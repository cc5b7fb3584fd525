package transfer

import (
	"encoding/json"
	"sort"
	"strings"
	"time"
	"unicode"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// cellNames lets expressions name the cells of a row. It implements expression.Names.
type cellNames struct {
	index map[string]int
	names []string
}

func newCellNames(header []string) *cellNames {
	c := &cellNames{index: map[string]int{}}
	for i, column := range header {
		name := cellName(column)
		if _, taken := c.index[name]; name != "" && !taken {
			c.index[name] = i
			c.names = append(c.names, name)
		}
	}
	sort.Strings(c.names)
	return c
}

// cellName is a heading as an expression writes it.
func cellName(column string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, column)
	name = strings.Trim(name, "_")
	if name != "" && unicode.IsDigit(rune(name[0])) {
		name = "_" + name
	}
	return name
}

func (c *cellNames) Object() string    { return "row" }
func (c *cellNames) Symbols() []string { return c.names }
func (c *cellNames) Symbol(name string) (expression.Symbol, bool) {
	if _, ok := c.index[name]; !ok {
		return expression.Symbol{}, false
	}
	return expression.Symbol{Name: name, Value: cell{}, Column: query.Column{Name: name, Storage: fieldtype.Text}}, true
}

// cell is the value of a cell: text as it stands.
type cell struct{}

func (cell) Storage() fieldtype.Storage { return fieldtype.Text }
func (cell) Kind() fieldtype.Kind       { return fieldtype.TextKind }
func (cell) Schema() map[string]any     { return map[string]any{"type": "string"} }
func (cell) CSV(stored any) string      { return stored.(string) }
func (cell) Coerce(in any) (any, *fault.Fault) {
	text, _ := in.(string)
	return text, nil
}
func (cell) AppendJSON(dst []byte, stored any) []byte {
	quoted, _ := json.Marshal(stored)
	return append(dst, quoted...)
}

// rowEnv answers expressions on the cells of a row.
type rowEnv struct {
	names *cellNames
	cells []string
	clock clock
}

func (e rowEnv) Now() time.Time           { return e.clock.now }
func (e rowEnv) Location() *time.Location { return e.clock.location }
func (e rowEnv) Get(p expression.Path) any {
	if text := strings.TrimSpace(e.cells[e.names.index[p.Leaf.Name]]); text != "" {
		return text
	}
	return nil
}
