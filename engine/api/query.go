package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/record"
)

// maxParameter bounds one query parameter, in bytes.
const maxParameter = 8 << 10

// parameter is a query parameter that a route knows, and where its value goes: a
// *string, *[]string (comma separated), *int, *bool or *record.Total.
type parameter struct {
	name string
	into any
}

// query reads the query string. Faults (Malformed): "api.unknown_parameter" with
// those that are known, "api.repeated_parameter", "api.bad_parameter".
func (r *request) query(known ...parameter) error {
	args := r.http.Context().QueryArgs()
	if args.Len() == 0 {
		return nil
	}
	var problem error
	var seen uint64
	args.VisitAll(func(name, value []byte) {
		if problem != nil {
			return
		}
		for i, p := range known {
			if p.name != string(name) {
				continue
			}
			if seen&(1<<i) != 0 {
				problem = fault.New(fault.Malformed, "api.repeated_parameter", "name", p.name)
				return
			}
			seen |= 1 << i
			problem = p.set(value)
			return
		}
		names := make([]string, len(known))
		for i, p := range known {
			names[i] = p.name
		}
		sort.Strings(names)
		problem = fault.New(fault.Malformed, "api.unknown_parameter", "name", clip(string(name)), "known", strings.Join(names, ", "))
	})
	return problem
}

// clip shortens what a caller wrote, for a message.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:60]) + "…"
	}
	return s
}

func (p parameter) set(value []byte) error {
	if len(value) > maxParameter || !utf8.Valid(value) {
		return fault.New(fault.Malformed, "api.bad_query")
	}
	switch into := p.into.(type) {
	case *string:
		*into = string(value)
	case *[]string:
		for _, part := range strings.Split(string(value), ",") {
			if part = strings.TrimSpace(part); part != "" {
				*into = append(*into, part)
			}
		}
	case *int:
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 0 {
			return fault.New(fault.Malformed, "api.bad_parameter", "name", p.name, "want", "0, 1, 2 …")
		}
		*into = n
	case *int64:
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			return fault.New(fault.Malformed, "api.bad_parameter", "name", p.name, "want", "0, 1, 2 …")
		}
		*into = n
	case *bool:
		switch string(value) {
		case "true", "1", "":
			*into = true
		case "false", "0":
			*into = false
		default:
			return fault.New(fault.Malformed, "api.bad_parameter", "name", p.name, "want", "true, false")
		}
	case *record.Total:
		switch string(value) {
		case "true", "1", "":
			*into = record.UsualTotal
		case "exact":
			*into = record.ExactTotal
		case "false", "0":
			*into = record.NoTotal
		default:
			return fault.New(fault.Malformed, "api.bad_parameter", "name", p.name, "want", "true, exact, false")
		}
	default:
		panic("api: a parameter of a kind that can't be read")
	}
	return nil
}

// wantsJSON refuses bodies of another type; none given is taken for JSON.
func (r *request) wantsJSON() error {
	kind, _, _ := bytes.Cut(r.http.Request().Header.ContentType(), []byte(";"))
	kind = bytes.TrimSpace(kind)
	json := len(kind) == 0 || bytes.EqualFold(kind, []byte(fiber.MIMEApplicationJSON)) ||
		(bytes.HasPrefix(kind, []byte("application/")) && bytes.HasSuffix(kind, []byte("+json")))
	_, params, _ := mime.ParseMediaType(r.http.Get(fiber.HeaderContentType))
	if charset := params["charset"]; json && (charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")) {
		return nil
	}
	return fault.New(fault.Malformed, "api.media_type", "want", fiber.MIMEApplicationJSONCharsetUTF8)
}

// value reads the body as JSON.
func (r *request) value(limit int) (any, error) {
	if err := r.wantsJSON(); err != nil {
		return nil, err
	}
	raw, err := r.body(limit)
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

// data reads the body as one JSON object.
func (r *request) data(limit int) (map[string]any, error) {
	v, err := r.value(limit)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongKind("object", v, "")
	}
	return object, nil
}

// decode reads the body into a struct, whose members are all that it may have.
// optional allows no body at all.
func (r *request) decode(limit int, into any, optional bool) error {
	if err := r.wantsJSON(); err != nil {
		return err
	}
	raw, err := r.body(limit)
	if err != nil {
		return err
	}
	if optional && len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	return fit(raw, into)
}

// jsonKind names the kind of a parsed JSON value.
func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// ifMatch is the record version that If-Match demands, 0 for any.
func (r *request) ifMatch() (int64, error) {
	tag := string(r.http.Request().Header.Peek(fiber.HeaderIfMatch))
	if tag == "" || tag == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), 10, 64)
	if err != nil || version < 1 {
		return 0, fault.New(fault.Malformed, "api.bad_header", "name", fiber.HeaderIfMatch, "want", `"1", "2" …`)
	}
	return version, nil
}
