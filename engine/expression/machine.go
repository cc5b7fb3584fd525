package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/vm"
	"github.com/govalues/decimal"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// maxWork bounds what one run may do: a unit is about a tenth of a microsecond.
const maxWork = 1_000_000

// yieldEvery is after how many units a run looks whether its turn is over: a millisecond.
const yieldEvery = 10_000

// frame is what functions of one run share.
type frame struct {
	env  Env
	work int
	turn budget.Turn
	now  time.Time
	rows map[string][]any // of paths, by their names; each row decoded once a run
}

// spend charges for work that depends on the size of the data. Much of it is done in turn with
// others.
func (f *frame) spend(units int) error {
	if f.work += units; f.work > maxWork {
		return fault.New(fault.Limited, "expression.too_costly")
	}
	if f.work/yieldEvery != (f.work-units)/yieldEvery {
		f.turn.Yield()
	}
	return nil
}

// spendText charges for going through a text.
func (f *frame) spendText(bytes int) error { return f.spend(bytes / 32) }

// clock is the time of the run, the same wherever it is asked.
func (f *frame) clock() time.Time {
	if f.now.IsZero() {
		f.now = f.env.Now()
	}
	return f.now
}

func (f *frame) location() *time.Location {
	if l := f.env.Location(); l != nil {
		return l
	}
	return time.UTC
}

// machine is expr's virtual machine and a frame, used for one run at a time.
type machine struct {
	vm    vm.VM
	frame frame
}

// machines keeps those not in use.
var machines = sync.Pool{New: func() any { return &machine{vm: vm.VM{MemoryBudget: MaxMemory}} }}

// run runs code for an environment. Errors are faults: of a function, of a limit,
// or internal ones.
func (c *code) run(env Env) (any, error) {
	m := machines.Get().(*machine)
	m.frame = frame{env: env}
	result, err := m.vm.Run(c.program, &m.frame)
	if err != nil {
		return nil, runtimeFault(err)
	}
	if !c.loops { // a machine that looped still refers to what it looped over
		m.frame = frame{}
		clear(m.vm.Stack[:cap(m.vm.Stack)])
		machines.Put(m)
	}
	return result, nil
}

func runtimeFault(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	if strings.Contains(err.Error(), "memory budget") {
		return fault.New(fault.Limited, "expression.too_costly").Because(err)
	}
	return fmt.Errorf("running an expression: %w", err)
}

// reader makes the function that reads a path in the form of the machine. What is
// not of the path's storage reads as empty.
func reader(p Path, n *node) func(f *frame) (any, error) {
	kind, scale := n.kind, n.scale
	key := pathKey(p)
	return func(f *frame) (any, error) {
		stored := f.env.Get(p)
		if kind != fieldtype.RowsKind {
			return machineForm(kind, scale, stored), nil
		}
		if decoded, ok := f.rows[key]; ok {
			return decoded, nil
		}
		decoded, err := decodeRows(f, stored)
		if err != nil {
			return nil, err
		}
		if f.rows == nil {
			f.rows = map[string][]any{}
		}
		f.rows[key] = decoded
		return decoded, nil
	}
}

// pathKey tells paths apart.
func pathKey(p Path) string {
	key := p.Root
	for _, hop := range p.Via {
		key += "." + hop.Name
	}
	return key + "." + p.Leaf.Name
}

// machineForm turns a stored value into that of the machine: numbers become
// decimals, the empty text and the empty list the empty value.
func machineForm(kind fieldtype.Kind, scale int, stored any) any {
	switch v := stored.(type) {
	case int64:
		switch kind {
		case fieldtype.NumberKind:
			d, err := decimal.New(v, scale)
			if err != nil {
				return nil
			}
			return d
		case fieldtype.DatetimeKind, fieldtype.DurationKind, fieldtype.ReferenceKind:
			return stored
		}
	case string:
		switch kind {
		case fieldtype.TextKind, fieldtype.DateKind, fieldtype.TimeKind, fieldtype.ReferenceKind:
			if v != "" {
				return stored
			}
		}
	case bool:
		if kind == fieldtype.BoolKind {
			return stored
		}
	case []string:
		if kind == fieldtype.ListKind && len(v) > 0 {
			return stored
		}
	case json.RawMessage:
		if kind == fieldtype.ObjectKind || kind == fieldtype.AnyKind || kind == fieldtype.LinkKind {
			return stored
		}
	}
	return nil
}

// storedForm turns a value of the machine into the stored one of a result.
func storedForm(kind fieldtype.Kind, scale int, v any) (any, error) {
	switch v := v.(type) {
	case decimal.Decimal:
		if scale < 0 {
			return v.Trim(0).String(), nil
		}
		stored, ok := scaled(v, scale)
		if !ok {
			return nil, overflow()
		}
		return stored, nil
	case []any:
		list := make([]string, 0, len(v))
		for _, element := range v {
			if s, ok := element.(string); ok {
				list = append(list, s)
			}
		}
		if kind != fieldtype.ListKind || len(list) == 0 {
			return nil, nil
		}
		return list, nil
	}
	return v, nil
}

// equal compares two values of one kind; two empty ones are equal.
func equal(a, b any) bool {
	if x, ok := a.(decimal.Decimal); ok {
		y, ok := b.(decimal.Decimal)
		return ok && x.Cmp(y) == 0
	}
	return a == b
}

// order compares two values of an ordered kind, neither empty.
func order(kind fieldtype.Kind, a, b any) int {
	switch a := a.(type) {
	case decimal.Decimal:
		return a.Cmp(b.(decimal.Decimal))
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		switch b := b.(int64); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
	}
	return 0
}
