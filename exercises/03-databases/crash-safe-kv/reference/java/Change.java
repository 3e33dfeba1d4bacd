/** One change to one key; when the value is null the key is deleted. */
record Change(String key, byte[] value) {
    static Change delete(String key) {
        return new Change(key, null);
    }
}
