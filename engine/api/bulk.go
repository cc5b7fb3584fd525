package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// bulk is POST /records/{object}/bulk. It answers 200 with a result for each line;
// an atomic one that failed has changed nothing and says so in every line.
func (s *Server) bulk(r *request) error {
	in, err := r.data(largeBody)
	if err != nil {
		return err
	}
	ops, atomic, err := readOperations(in)
	if err != nil {
		return err
	}
	object := r.object()
	outcomes, err := r.records().Bulk(r.ctx, object, ops, atomic)
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"results":[`...)
	failed := 0
	for i := range outcomes {
		if i > 0 {
			b = append(b, ',')
		}
		if outcomes[i].Fault != nil {
			failed++
		}
		if b, err = r.appendOutcome(b, &outcomes[i]); err != nil {
			return err
		}
	}
	b = append(b, `],"failed":`...)
	b = strconv.AppendInt(b, int64(failed), 10)
	return r.sent(fiber.StatusOK, append(b, '}'))
}

// appendOutcome appends one line's result: a status as the single request would
// have had it, with the record's id and version, or the problem.
func (r *request) appendOutcome(b []byte, o *record.Outcome) ([]byte, error) {
	if o.Fault != nil {
		status := statusOf(o.Fault)
		if status >= fiber.StatusInternalServerError {
			r.server.logFailure(r, o.Fault)
		}
		raw, err := json.Marshal(r.problem(o.Fault, status))
		if err != nil {
			return nil, err
		}
		b = strconv.AppendInt(append(b, `{"status":`...), int64(status), 10)
		if o.ID != 0 {
			b = appendString(append(b, `,"id":`...), o.ID.String())
		}
		b = append(append(b, `,"problem":`...), raw...)
		return append(b, '}'), nil
	}
	status := fiber.StatusOK
	if o.Did == "created" {
		status = fiber.StatusCreated
	}
	b = strconv.AppendInt(append(b, `{"status":`...), int64(status), 10)
	b = appendString(append(b, `,"did":`...), o.Did)
	b = appendString(append(b, `,"id":`...), o.ID.String())
	if o.Version != 0 {
		b = strconv.AppendInt(append(b, `,"version":`...), o.Version, 10)
	}
	if len(o.Warnings) > 0 {
		b = r.appendWarnings(append(b, `,"warnings":`...), o.Warnings)
	}
	return append(b, '}'), nil
}

// readOperations reads {operations: [{op, id?, key?, match?, version?, at?, data}], atomic?}.
func readOperations(in map[string]any) (ops []record.Operation, atomic bool, err error) {
	if err := members(in, "", "operations", "atomic"); err != nil {
		return nil, false, err
	}
	if v, given := in["atomic"]; given {
		b, ok := v.(bool)
		if !ok {
			return nil, false, wrongKind("boolean", v, "/atomic")
		}
		atomic = b
	}
	lines, ok := in["operations"].([]any)
	if !ok {
		return nil, false, wrongKind("array", in["operations"], "/operations")
	}
	if len(lines) > record.MaxOperations {
		return nil, false, fault.New(fault.TooLarge, "api.too_many", "limit", record.MaxOperations).At("/operations")
	}
	ops = make([]record.Operation, len(lines))
	for i, line := range lines {
		if ops[i], err = readOperation(line, "/operations/"+strconv.Itoa(i)); err != nil {
			return nil, false, err
		}
	}
	return ops, atomic, nil
}

func readOperation(v any, at string) (op record.Operation, err error) {
	line, err := objectAt(v, at)
	if err != nil {
		return op, err
	}
	if err := members(line, at, "op", "id", "key", "match", "version", "at", "data"); err != nil {
		return op, err
	}
	var ok bool
	if op.Op, ok = line["op"].(string); !ok {
		return op, wrongKind("string", line["op"], at+"/op")
	}
	if !slices.Contains(operations, op.Op) {
		return op, fault.New(fault.Malformed, "record.unknown_operation", "op", clip(op.Op)).At(at + "/op")
	}
	if raw, given := line["id"]; given && raw != nil {
		if op.ID, err = idAt(raw, at+"/id"); err != nil {
			return op, err
		}
	}
	if raw, given := line["key"]; given && raw != nil {
		if op.Key, ok = raw.(string); !ok {
			return op, wrongKind("string", raw, at+"/key")
		}
	}
	if raw, given := line["match"]; given && raw != nil {
		if op.Match, err = textsAt(raw, at+"/match"); err != nil {
			return op, err
		}
	}
	if raw, given := line["version"]; given && raw != nil {
		number, _ := raw.(json.Number)
		if op.Version, err = strconv.ParseInt(string(number), 10, 64); err != nil || op.Version < 1 {
			return op, wrongKind("number", raw, at+"/version")
		}
	}
	if raw, given := line["at"]; given && raw != nil {
		text, _ := raw.(string)
		if op.At, err = time.Parse(time.RFC3339, text); err != nil {
			return op, fault.New(fault.Invalid, "record.at_no_time", "at", clip(text)).At(at + "/at")
		}
	}
	op.Data, err = objectAt(line["data"], at+"/data")
	return op, err
}

var operations = []string{"create", "update", "upsert", "delete", "restore"}

// members refuses those of an object that are not known.
func members(object map[string]any, at string, known ...string) error {
	for name := range object {
		if !slices.Contains(known, name) {
			return fault.New(fault.Malformed, "api.unknown_member", "name", clip(name)).At(at + "/" + pointerPart.Replace(name))
		}
	}
	return nil
}

var pointerPart = strings.NewReplacer("~", "~0", "/", "~1")

// objectAt is v as an object; an absent one is empty.
func objectAt(v any, at string) (map[string]any, error) {
	if v == nil {
		return map[string]any{}, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongKind("object", v, at)
	}
	return object, nil
}

// textsAt is v as a list of texts.
func textsAt(v any, at string) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, wrongKind("array", v, at)
	}
	all := make([]string, len(list))
	for i, one := range list {
		if all[i], ok = one.(string); !ok {
			return nil, wrongKind("string", one, at+"/"+strconv.Itoa(i))
		}
	}
	return all, nil
}

// idAt is v as an id.
func idAt(v any, at string) (id.ID, error) {
	s, ok := v.(string)
	if !ok {
		return 0, wrongKind("string", v, at)
	}
	i, ok := id.Parse(s)
	if !ok {
		return 0, fault.New(fault.Invalid, "api.bad_id", "id", clip(s)).At(at)
	}
	return i, nil
}
