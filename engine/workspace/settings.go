package workspace

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
)

// Bounds of a user's settings.
const (
	MaxSettings     = 200      // members
	MaxSettingsSize = 64 << 10 // bytes, as canonical JSON

	settingsDepth = 64 // that of requests
)

// PatchSettings lays a merge patch on the caller's settings and returns what they are then.
// Faults: "workspace.too_many_settings", "workspace.settings_too_large" (TooLarge).
func (s *Session) PatchSettings(ctx context.Context, patch map[string]any) (json.RawMessage, error) {
	var settings json.RawMessage
	err := s.change(ctx, func(p *Personal) (query.Column, json.RawMessage, error) {
		had, problem := metadata.ReadJSON(p.Settings, metadata.Limits{Bytes: MaxSettingsSize, Depth: settingsDepth})
		if problem != nil {
			return query.Column{}, nil, fmt.Errorf("reading settings: %w", problem)
		}
		patched, _ := metadata.Patched(had, patch).(map[string]any)
		if len(patched) > MaxSettings {
			return query.Column{}, nil, fault.New(fault.TooLarge, "workspace.too_many_settings", "max", MaxSettings)
		}
		if settings = metadata.Canonical(patched); len(settings) > MaxSettingsSize {
			return query.Column{}, nil, fault.New(fault.TooLarge, "workspace.settings_too_large", "max", MaxSettingsSize)
		}
		return colSettings, settings, nil
	})
	return settings, err
}
