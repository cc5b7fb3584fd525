package fieldtype

import (
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata"
)

// LookupType refers to one record of an object.
type LookupType struct{}

type lookupSettings struct {
	Object     string   `json:"object"`
	Objects    []string `json:"objects"`
	OnDelete   string   `json:"on_delete"`
	ChooseWhen string   `json:"choose_when"`
}

// What becomes of a reference whose record is deleted: it is emptied, the delete
// is refused, or the record that holds it is deleted as well.
var onDelete = []string{"clear", "restrict", "cascade"}

func (LookupType) Name() string { return "lookup" }

// AlsoCalled implements Called.
func (LookupType) AlsoCalled() []string {
	return []string{"reference", "relation", "relationship", "master_detail", "foreign_key", "many_to_one"}
}

func (LookupType) RequiredSettings() []string { return []string{"object"} }
func (LookupType) Sample() string             { return `{"object":"user"}` }

func (LookupType) SettingsSchema() map[string]any {
	return map[string]any{
		"object":      nameSetting("Object", "The object whose records can be referred to.", "company"),
		"on_delete":   onDeleteSchema(),
		"choose_when": chooseWhenSchema(),
	}
}

func chooseWhenSchema() map[string]any {
	setting := textSetting("Choose when", "A condition on the records that may be chosen; record is the one that is being written.", "account == record.account")
	setting["maxLength"] = maxExpression
	return setting
}

func onDeleteSchema() map[string]any {
	return choiceSetting("When that record is deleted", "clear empties this field, restrict refuses the deletion, cascade deletes this record too. When absent: restrict for a field that is always required, else clear.", onDelete...)
}

// ShownSettings implements Shows.
func (LookupType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("object", "on_delete")
}

func (LookupType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[lookupSettings](f)
	if problems != nil {
		return nil, problems
	}
	return bindReference(f, s.Object, "/object", s, in)
}

// bindReference makes the value of a reference to one object.
func bindReference(f *metadata.Field, object, pointer string, s lookupSettings, in Context) (Value, []*fault.Fault) {
	problems := checkTargets([]string{object}, func(int) string { return pointer }, in)
	action, problem := deleteAction(f, s.OnDelete)
	if problem != nil {
		problems = append(problems, problem)
	}
	if _, inRow := in.(rowContext); inRow && s.ChooseWhen != "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.not_in_rows", "setting", "choose_when").At("/choose_when"))
	}
	if problems != nil {
		return nil, problems
	}
	return lookupValue{object: object, onDelete: action, chooseWhen: s.ChooseWhen}, nil
}

func checkTargets(objects []string, pointer func(int) string, in Context) (problems []*fault.Fault) {
	known := in.Names("object")
	for i, object := range objects {
		if !contains(known, object) {
			problems = append(problems, missing("object", object, known).At(pointer(i)))
		}
	}
	return problems
}

// deleteAction is what becomes of a reference when its record is deleted: what is said,
// or else the delete is refused where the field may never be empty.
func deleteAction(f *metadata.Field, action string) (string, *fault.Fault) {
	if action == "" {
		if f.Required != nil && f.Required.Always {
			return "restrict", nil
		}
		return "clear", nil
	}
	if !contains(onDelete, action) {
		return "", fault.New(fault.Invalid, "metadata.not_one_of", "value", show(action), "options", strings.Join(onDelete, ", ")).At("/on_delete")
	}
	return action, nil
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// Reference is the value of a reference to a record of an object, where no field holds it.
func Reference(object string) Value { return lookupValue{object: object, onDelete: "clear"} }

type lookupValue struct{ object, onDelete, chooseWhen string }

func (lookupValue) Storage() Storage    { return Int }
func (lookupValue) Kind() Kind          { return ReferenceKind }
func (v lookupValue) Form() string      { return v.object }
func (v lookupValue) Targets() []string { return []string{v.object} }
func (v lookupValue) OnDelete() string  { return v.onDelete }

// ChooseWhen implements Narrows.
func (v lookupValue) ChooseWhen() string { return v.chooseWhen }

// Coerce reads an id in its outside form. Whether there is such a record is not
// for a pure package to know.
func (lookupValue) Coerce(in any) (any, *fault.Fault) {
	s, ok := in.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_an_id", "value", show(in))
	}
	if s = strings.ToLower(strings.TrimSpace(s)); s == "" {
		return nil, nil
	}
	key, ok := id.Parse(s)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_an_id", "value", show(in))
	}
	return int64(key), nil
}

func (lookupValue) AppendJSON(dst []byte, stored any) []byte {
	return append(id.ID(stored.(int64)).Append(append(dst, '"')), '"')
}

func (lookupValue) CSV(stored any) string { return id.ID(stored.(int64)).String() }

func (lookupValue) Schema() map[string]any {
	return map[string]any{"type": "string", "pattern": id.Pattern}
}
