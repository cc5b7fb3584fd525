package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// UserType refers to a person with an account: a record of the object user.
type UserType struct{}

func (UserType) Name() string { return "user" }

// AlsoCalled implements Called.
func (UserType) AlsoCalled() []string {
	return []string{"owner", "assignee", "person"}
}

func (UserType) SettingsSchema() map[string]any {
	return map[string]any{"on_delete": onDeleteSchema(), "choose_when": chooseWhenSchema()}
}

// ShownSettings implements Shows.
func (UserType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("on_delete")
}

func (UserType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[lookupSettings](f)
	if problems != nil {
		return nil, problems
	}
	return bindReference(f, "user", "", s, in)
}
