import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** A note as it is sent, serialised once, and the entity tag of exactly this text. It never changes, it is replaced. */
record Note(String id, Map<?, ?> content, String text, String etag) {
    /** Refuses with 422 what is not a note. */
    static Note of(String id, Object value) {
        if (!(value instanceof Map<?, ?> members)
                || !(members.get("title") instanceof String title)
                || title.isEmpty()) {
            throw new Refusal(422, "A note is an object with a title.");
        }
        var content = new LinkedHashMap<Object, Object>(members);
        content.put("id", id);
        var text = Json.write(content);
        return new Note(id, content, text, '"' + hash(text) + '"');
    }

    /** A hash never gives two contents the same tag; a counter would after a deletion, a clock within its tick. */
    private static String hash(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every Java has SHA-256
        }
    }
}
