// What the one static file leaves out of OpenSSL: algorithms that neither TLS nor a key or token of
// ours uses. The default provider of libcrypto.a names the dispatch table of each algorithm that it
// has; an empty one of our own keeps the linker from taking the archive's: 0.45 MiB. Fetching such
// an algorithm fails as in an OpenSSL configured without it (no-aria), and TLS skips its suites.
struct dispatch {
  int function_id;
  void (*function)(void);
};

#define NO(algorithm)                                          \
  extern const struct dispatch ossl_##algorithm##_functions[]; \
  const struct dispatch ossl_##algorithm##_functions[1] = {{0, 0}}
#define NO_2(first, second) \
  NO(first);                \
  NO(second)
#define NO_4(first, second, third, fourth) \
  NO_2(first, second);                     \
  NO_2(third, fourth)
#define NO_MODES(cipher)                                    \
  NO_4(cipher##cbc, cipher##ctr, cipher##ecb, cipher##ofb); \
  NO_2(cipher##cfb1, cipher##cfb8);                         \
  NO(cipher##cfb)
#define NO_ARIA(bits)   \
  NO_MODES(aria##bits); \
  NO_2(aria##bits##ccm, aria##bits##gcm)
#define NO_CAMELLIA(bits)   \
  NO_MODES(camellia##bits); \
  NO(camellia##bits##cbc_cts)
#define NO_AES_EXTRAS(bits)             \
  NO_2(aes##bits##ocb, aes##bits##siv); \
  NO_4(aes##bits##wrap, aes##bits##wrapinv, aes##bits##wrappad, aes##bits##wrappadinv)

NO_ARIA(128);
NO_ARIA(192);
NO_ARIA(256);
NO_CAMELLIA(128);
NO_CAMELLIA(192);
NO_CAMELLIA(256);
NO_AES_EXTRAS(128);
NO_AES_EXTRAS(192);
NO_AES_EXTRAS(256);
NO_2(aes128xts, aes256xts);
NO_4(tdes_ede2_cbc, tdes_ede2_cfb, tdes_ede2_ecb, tdes_ede2_ofb);
NO_4(tdes_ede3_cbc, tdes_ede3_ecb, tdes_ede3_ofb, tdes_wrap_cbc);
NO_2(tdes_ede3_cfb1, tdes_ede3_cfb8);
NO(tdes_ede3_cfb);
NO_4(sm4128cbc, sm4128ctr, sm4128ecb, sm4128cfb128);
NO_2(sm4128ofb128, sm3);
NO_2(ripemd160, siphash);
NO_4(kdf_kbkdf, kdf_krb5kdf, kdf_pkcs12, kdf_scrypt);
NO_2(kdf_sshkdf, kdf_x942_kdf);

// CBC with a MAC in one pass, for suites of TLS 1.2 that both ends avoid; those suites stay, in
// two passes.
NO_4(aes128cbc_hmac_sha1, aes128cbc_hmac_sha256, aes256cbc_hmac_sha1, aes256cbc_hmac_sha256);
int ossl_cipher_capable_aes_cbc_hmac_sha1(void);
int ossl_cipher_capable_aes_cbc_hmac_sha1(void) {
  return 0;
}
int ossl_cipher_capable_aes_cbc_hmac_sha256(void);
int ossl_cipher_capable_aes_cbc_hmac_sha256(void) {
  return 0;
}

// The ciphers by their names of before OpenSSL 3, which only keys encrypted the way of before PKCS
// #8 need.
void openssl_add_all_ciphers_int(void);
void openssl_add_all_ciphers_int(void) {}
