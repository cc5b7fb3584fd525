package runner_test

import (
	"testing"

	"formwork/workflows/runner"
)

// drafts has an e-mail drafted by a template.
func (s *stage) drafts(t *testing.T, at string, d deed) error {
	t.Helper()
	caller := s.people[d.As]
	name, _ := d.Data["template"].(string)
	language, _ := d.Data["language"].(string)
	written, err := runner.Draft(t.Context(), s.As(caller), caller, runner.Wanted{Workflow: d.Draft, Object: s.objects[d.On], Record: s.kept[d.On]}, name, language)
	if err != nil {
		return err
	}
	got := map[string]any{"subject": written.Subject, "text": written.Text, "html": written.HTML}
	for part, want := range d.Want {
		if got[part] != want {
			t.Errorf("%s: the %s is %q, want %q", at, part, got[part], want)
		}
	}
	return nil
}
