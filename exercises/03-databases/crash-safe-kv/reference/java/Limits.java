import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

final class Limits {
    static final int MAX_KEY = 512;
    static final int MAX_VALUE = 8 << 20;
    static final int MAX_BATCH = 16 << 20;

    private Limits() {}

    /** Returns the key itself, which may be null before. */
    static String checkKey(String key) throws BadRequest {
        if (key == null || key.isEmpty()) {
            throw new BadRequest("A key is missing");
        }
        try {
            // A new encoder reports half of a surrogate pair; getBytes would make a question mark of it.
            if (StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(key)).remaining() > MAX_KEY) {
                throw new BadRequest("A key has at most " + MAX_KEY + " bytes");
            }
        } catch (CharacterCodingException e) {
            throw new BadRequest("A key is text in UTF-8");
        }
        return key;
    }
}
