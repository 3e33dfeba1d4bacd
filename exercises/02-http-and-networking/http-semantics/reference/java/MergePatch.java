import java.util.LinkedHashMap;
import java.util.Map;

/** JSON Merge Patch (RFC 7396). */
final class MergePatch {
    private MergePatch() {}

    /** Returns the result; neither argument is changed. */
    static Object apply(Object target, Object patch) {
        if (!(patch instanceof Map<?, ?> changes)) {
            return patch;
        }
        var merged = new LinkedHashMap<Object, Object>(target instanceof Map<?, ?> members ? members : Map.of());
        changes.forEach((name, value) -> {
            if (value == null) {
                merged.remove(name);
            } else {
                merged.put(name, apply(merged.get(name), value));
            }
        });
        return merged;
    }
}
