package fieldtype

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata"
)

// FileType is a list of uploaded files. A value names them; the contents are kept and
// guarded by engine/file, which also says whether a record may have them, and writes
// what it knows of each into the value.
type FileType struct{}

const (
	maxFiles     = 50 // that a field may be set to hold
	usualFiles   = 10
	maxFileTypes = 30
	maxFileName  = 255 // characters
)

// mediaType is a type of contents, or all of a kind: "application/pdf", "image/*".
var mediaType = regexp.MustCompile(`^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$`)

func (FileType) Name() string { return "file" }

// AlsoCalled implements Called.
func (FileType) AlsoCalled() []string {
	return []string{"attachment", "upload", "attach"}
}

func (FileType) SettingsSchema() map[string]any {
	return map[string]any{
		"max":      countSetting("Number of files", "How many files a record may have here.", 1, maxFiles, usualFiles),
		"max_size": sizeSetting(),
		"types":    mediaTypesSetting("application/pdf", "image/*"),
	}
}

func sizeSetting() map[string]any {
	s := setting("integer", "Largest file", "In bytes. Without it, what the server takes.", []any{10 << 20})
	s["minimum"] = 1
	return s
}

func mediaTypesSetting(examples ...any) map[string]any {
	return map[string]any{"type": "array", "title": "Types of contents", "description": "Types that are taken, as the contents show them; a name's ending does not count. Without it, all.",
		"items": map[string]any{"type": "string", "pattern": mediaType.String()}, "maxItems": maxFileTypes, "uniqueItems": true, "examples": []any{examples}}
}

type fileSettings struct {
	Max     *int     `json:"max"`
	MaxSize *int64   `json:"max_size"`
	Types   []string `json:"types"`
}

// rules reads settings that FileType and ImageType have in common.
func (s fileSettings) rules() (FileRules, []*fault.Fault) {
	rules := FileRules{Max: usualFiles, Types: s.Types}
	var problems []*fault.Fault
	if s.Max != nil {
		if rules.Max = *s.Max; rules.Max < 1 || rules.Max > maxFiles {
			problems = append(problems, fault.New(fault.Invalid, "metadata.setting_out_of_range", "min", 1, "max", maxFiles).At("/max"))
		}
	}
	if s.MaxSize != nil {
		if rules.MaxSize = *s.MaxSize; rules.MaxSize < 1 {
			problems = append(problems, fault.New(fault.Invalid, "metadata.setting_out_of_range", "min", 1, "max", int64(1)<<62).At("/max_size"))
		}
	}
	for _, t := range s.Types {
		if !mediaType.MatchString(t) || len(s.Types) > maxFileTypes {
			problems = append(problems, fault.New(fault.Invalid, "metadata.bad_media_type", "value", show(t)).At("/types"))
		}
	}
	return rules, problems
}

func (FileType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	return bindFiles(f, func(*FileRules) []*fault.Fault { return nil })
}

// bindFiles refuses defaults, which nobody has uploaded.
func bindFiles(f *metadata.Field, narrow func(*FileRules) []*fault.Fault) (Value, []*fault.Fault) {
	s, problems := settings[fileSettings](f)
	if len(problems) > 0 {
		return nil, problems
	}
	rules, problems := s.rules()
	problems = append(problems, narrow(&rules)...)
	switch {
	case f.Default != nil:
		problems = append(problems, fault.New(fault.Invalid, "field.file_default").At("/default"))
	case f.DefaultExpr != "":
		problems = append(problems, fault.New(fault.Invalid, "field.file_default").At("/default_expr"))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return filesValue{rules: rules}, nil
}

// FileRef is a file in a value: what the record says of it. All but the id is written
// by the platform.
type FileRef struct {
	ID   id.ID
	Name string
	Size int64  // bytes
	Type string // of its contents
}

// FileRefs reads a stored value of a field with Files; nil if it is empty.
func FileRefs(stored any) []FileRef {
	raw, ok := stored.(json.RawMessage)
	if !ok {
		return nil
	}
	var members []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Size int64  `json:"size"`
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &members) != nil {
		return nil // nothing but Coerce writes it
	}
	refs := make([]FileRef, 0, len(members))
	for _, m := range members {
		if key, ok := id.Parse(m.ID); ok {
			refs = append(refs, FileRef{ID: key, Name: m.Name, Size: m.Size, Type: m.Type})
		}
	}
	return refs
}

// Sent is the value as Coerce reads it.
func (r FileRef) Sent() any {
	return map[string]any{"id": r.ID.String(), "name": r.Name, "size": json.Number(strconv.FormatInt(r.Size, 10)), "type": r.Type}
}

type filesValue struct {
	structured
	rules FileRules
}

func (filesValue) Kind() Kind { return AnyKind }

// Form keeps a field that becomes another one from reading what is no list of files.
func (filesValue) Form() string { return "file" }

// FileRules implements Files.
func (v filesValue) FileRules() FileRules { return v.rules }

// Coerce reads ids: a list of them or of objects with the member "id", one alone, or a
// text with several between semicolons. The order stays, and each comes once.
func (v filesValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	var parts []any
	switch in := in.(type) {
	case []any:
		parts = in
	case map[string]any:
		parts = []any{in}
	case string:
		if list, ok := fromText(in, jsonLimits); ok {
			return v.Coerce(list)
		}
		for _, part := range strings.FieldsFunc(in, func(r rune) bool { return strings.ContainsRune(";,\n ", r) }) {
			parts = append(parts, part)
		}
	default:
		return nil, fault.New(fault.Invalid, "field.not_files", "value", show(in))
	}
	var members []any
	seen := map[string]bool{}
	for _, part := range parts {
		member, problem := fileMember(part)
		if problem != nil {
			return nil, problem
		}
		if key := member["id"].(string); !seen[key] {
			seen[key] = true
			members = append(members, member)
		}
	}
	switch {
	case members == nil:
		return nil, nil
	case len(members) > v.rules.Max:
		return nil, fault.New(fault.Invalid, "field.too_many", "max", v.rules.Max)
	}
	return json.RawMessage(metadata.Canonical(members)), nil
}

var fileMembers = []string{"id", "name", "size", "type"}

// fileMember reads one file.
func fileMember(in any) (map[string]any, *fault.Fault) {
	if key, ok := in.(string); ok {
		in = map[string]any{"id": strings.TrimSpace(key)}
	}
	object, _ := in.(map[string]any)
	key, _ := object["id"].(string)
	if _, ok := id.Parse(key); !ok {
		return nil, fault.New(fault.Invalid, "field.not_files", "value", show(in))
	}
	for name, value := range object {
		text, isText := value.(string)
		number, isNumber := value.(json.Number)
		switch {
		case !slices.Contains(fileMembers, name):
			return nil, unknownPart(name, fileMembers)
		case name == "size" && (!isNumber || !wholeNumber(number)), name != "size" && !isText:
			return nil, fault.New(fault.Invalid, "field.not_files", "value", show(in))
		case isText:
			if problem := tooLong(text, maxFileName); problem != nil {
				return nil, problem
			}
		}
	}
	return object, nil
}

func wholeNumber(n json.Number) bool {
	v, err := n.Int64()
	return err == nil && v >= 0
}

func (v filesValue) Schema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"type": "array", "maxItems": v.rules.Max, "items": map[string]any{
		"type": "object", "required": []any{"id"}, "additionalProperties": false,
		"properties": map[string]any{"id": text, "name": text, "type": text, "size": map[string]any{"type": "integer", "minimum": 0}}}}
}

// WriteSchema is that of what is sent: ids of uploads, or the value as it is shown.
func (v filesValue) WriteSchema() map[string]any {
	s := v.Schema()
	s["items"] = map[string]any{"anyOf": []any{map[string]any{"type": "string"}, s["items"]}}
	return s
}
