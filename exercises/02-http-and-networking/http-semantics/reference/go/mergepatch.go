package main

// mergePatch applies a JSON Merge Patch (RFC 7396) and returns the result; neither argument is changed.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if members, ok := target.(map[string]any); ok {
		for name, value := range members {
			merged[name] = value
		}
	}
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = mergePatch(merged[name], value)
		}
	}
	return merged
}
