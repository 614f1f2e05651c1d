-- A copy that is loaded anew, from its register's first change on, lies here beside the one that is asked, until it
-- is whole and takes its place.

CREATE TABLE anew_krr_person (LIKE krr_person INCLUDING ALL);
CREATE TABLE anew_business_address (LIKE business_address INCLUDING ALL);
CREATE TABLE anew_business_address_removed (LIKE business_address_removed INCLUDING ALL);
CREATE TABLE anew_registry_quarantine (LIKE registry_quarantine INCLUDING ALL);
CREATE TABLE anew_registry_copy (LIKE registry_copy INCLUDING ALL);
