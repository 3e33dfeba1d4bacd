import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What header fields with media types and entity tags mean. */
final class Negotiation {
    private static final Pattern NO_WEIGHT = Pattern.compile("(?i);\\s*q=0(\\.0*)?\\s*(;|$)");
    private static final Pattern ENTITY_TAG = Pattern.compile("(?:W/)?\"[^\"]*\"");

    private Negotiation() {}

    /** The type without its parameters, in lower case: {@code Application/JSON; q=1} is {@code application/json}. */
    static String mediaType(String field) {
        return field.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    /** Whether an Accept field allows application/json: the most specific range decides (RFC 9110, 12.5.1). */
    static boolean acceptsJson(String field) {
        Map<String, Boolean> allowed = new HashMap<>();
        for (var range : field.split(",")) {
            allowed.put(mediaType(range), !NO_WEIGHT.matcher(range).find());
        }
        return List.of("application/json", "application/*", "*/*").stream()
                .filter(allowed::containsKey)
                .findFirst()
                .map(allowed::get)
                .orElse(false);
    }

    /** Whether If-None-Match has this tag: weak comparison, {@code W/"a"} equals {@code "a"} (RFC 9110, 8.8.3.2). */
    static boolean matchesWeakly(String field, String etag) {
        return matches(field, tag -> tag.equals(etag) || tag.equals("W/" + etag));
    }

    /** Whether If-Match has this tag: strong comparison, a weak tag equals nothing. */
    static boolean matchesStrongly(String field, String etag) {
        return matches(field, etag::equals);
    }

    private static boolean matches(String field, Predicate<String> equal) {
        return field.strip().equals("*")
                || ENTITY_TAG.matcher(field).results().map(MatchResult::group).anyMatch(equal);
    }
}
